//! Statistics of the golden singular values against the intended values of tests/golden/weightwatcher (made by an independent
//! float64 program; see the README there for its columns and tolerances).

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use eigenloom_numeric::Task;
use eigenloom_numeric::spectrum::{Cut, Shape, Spectrum, describe};
use serde_json::Value;

const FIXTURES: [&str; 11] = [
    "gaussian",
    "pareto",
    "spikes",
    "lowrank",
    "conv",
    "embedding",
    "bf16_sharded",
    "edge",
    "pair_base",
    "pair_ft_a",
    "pair_ft_b",
];

/// Eigenvalues at or below take no part in WeightWatcher's fit.
const WEIGHTWATCHER_CUT: f64 = 1e-5;
/// Small matrices that are there for that cut. All others have the same values by the cut that follows their scale.
const ABOUT_THE_CUT: [&str; 2] = ["edge/below_threshold", "edge/one_above_threshold"];

fn expected() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weightwatcher/expected")
}

fn singular_values() -> HashMap<String, Vec<f64>> {
    let bytes = fs::read(expected().join("singular_values.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let data = &bytes[8 + length..];
    let tensors = header
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "__metadata__");
    tensors
        .map(|(name, info)| {
            assert_eq!(info["dtype"], "F64");
            let offset = |i: usize| info["data_offsets"][i].as_u64().unwrap() as usize;
            let values = data[offset(0)..offset(1)].chunks_exact(8);
            (
                name.clone(),
                values
                    .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                    .collect(),
            )
        })
        .collect()
}

fn number(row: &Value, column: &str) -> f64 {
    match &row[column] {
        Value::Number(number) => number.as_f64().unwrap(),
        Value::String(text) if text == "NaN" => f64::NAN,
        Value::String(text) if text == "-Infinity" => f64::NEG_INFINITY,
        other => panic!("{column}: {other}"),
    }
}

/// Computed columns: name, value, relative tolerance (0 = exact).
fn columns(s: &Spectrum) -> Vec<(&'static str, Option<f64>, f64)> {
    let (tail, bulk) = (s.tail.as_ref(), s.bulk.as_ref());
    vec![
        ("ref_sv_max", Some(s.sv_max), 1e-8),
        ("ref_lambda_max", Some(s.lambda_max), 1e-8),
        ("ref_norm", Some(s.norm), 1e-8),
        ("ref_log_norm", Some(s.norm.log10()), 1e-8),
        ("ref_log_spectral_norm", Some(s.lambda_max.log10()), 1e-8),
        ("ref_matrix_rank", Some(s.ranks.rank as f64), 0.0),
        ("ref_rank_loss", Some(s.ranks.loss as f64), 0.0),
        ("ref_weak_rank_loss", Some(s.ranks.weak_loss as f64), 0.0),
        ("ref_stable_rank", s.stable_rank, 1e-8),
        ("ref_entropy", s.entropy, 1e-8),
        ("ref_alpha", tail.map(|t| t.alpha), 1e-8),
        ("ref_xmin", tail.map(|t| t.xmin), 1e-8),
        ("ref_xmax", tail.map(|t| t.xmax), 1e-8),
        ("ref_D", tail.map(|t| t.distance), 1e-8),
        ("ref_sigma", tail.map(|t| t.sigma), 1e-8),
        ("ref_num_pl_spikes", tail.map(|t| t.spikes as f64), 0.0),
        ("ref_alpha_weighted", s.alpha_weighted, 1e-8),
        ("ref_log_alpha_norm", s.log_alpha_norm, 1e-8),
        ("ref_detX_num", Some(s.unit_tail.count as f64), 0.0),
        ("ref_detX_val", s.unit_tail.value, 1e-8),
        ("ref_sigma_mp", bulk.map(|b| b.sigma), 1e-6),
        ("ref_bulk_min", bulk.map(|b| b.min), 1e-6),
        ("ref_bulk_max", bulk.map(|b| b.max), 1e-6),
        ("ref_mp_softrank", bulk.map(|b| b.soft_rank), 1e-6),
        ("ref_num_spikes", bulk.map(|b| b.spikes as f64), 0.0),
        ("ref_W_scale", bulk.map(|b| b.scale), 1e-8),
    ]
}

#[test]
fn every_column_of_every_fixture_agrees() {
    let values = singular_values();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for fixture in FIXTURES {
        let text = fs::read_to_string(expected().join(format!("{fixture}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        for row in file["rows"].as_array().unwrap() {
            let name = format!("{fixture}/{}", row["longname"].as_str().unwrap());
            let shape = Shape {
                larger: number(row, "ref_N") as usize,
                smaller: number(row, "ref_M") as usize,
            };
            let of = |cut| describe(&values[&name], shape, cut, &Task::new()).unwrap();
            let spectrum = of(Cut::At(WEIGHTWATCHER_CUT));
            if !ABOUT_THE_CUT.contains(&name.as_str()) {
                assert_eq!(spectrum, of(Cut::OfMean), "{name}");
            }
            for (column, value, tolerance) in columns(&spectrum) {
                let (got, want) = (value.unwrap_or(f64::NAN), number(row, column));
                let equal = got == want || (got.is_nan() && want.is_nan());
                // Lower edges of square matrices are zero up to rounding.
                let scale = if column == "ref_bulk_min" {
                    number(row, "ref_bulk_max")
                } else {
                    want
                };
                let close = (got - want).abs() <= tolerance * scale.abs();
                if !equal && !close {
                    wrong.push(format!("{name} {column}: {got} instead of {want}"));
                }
                compared += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(compared, 50 * 26);
}
