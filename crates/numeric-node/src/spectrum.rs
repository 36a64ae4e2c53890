use eigenloom_numeric as numeric;
use eigenloom_numeric::linalg::View;
use eigenloom_numeric::spectrum::{
    self, Cut, LEAST_TAIL, Layout, NoTail, Shape, Spectrum, compare, describe,
};
use napi::Env;
use napi::bindgen_prelude::{Float64Array, PromiseRaw};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, start};

#[napi(object, use_nullable = true)]
pub struct NativeTail {
    pub alpha: f64,
    pub xmin: f64,
    pub xmax: f64,
    pub distance: f64,
    pub sigma: f64,
    pub spikes: u32,
}

#[napi(object)]
pub struct NativeNoTail {
    #[napi(ts_type = "'too_few' | 'equal' | 'no_fit'")]
    pub reason: String,
    pub eigenvalues: u32,
    pub needed: u32,
}

impl From<NoTail> for NativeNoTail {
    fn from(reason: NoTail) -> Self {
        let (reason, eigenvalues) = match reason {
            NoTail::TooFew(count) => ("too_few", count),
            NoTail::Equal => ("equal", 0),
            NoTail::NoFit => ("no_fit", 0),
        };
        Self {
            reason: reason.to_owned(),
            eigenvalues: eigenvalues as u32,
            needed: LEAST_TAIL as u32,
        }
    }
}

#[napi(object, use_nullable = true)]
pub struct NativeBulk {
    pub sigma: f64,
    pub min: f64,
    pub max: f64,
    pub spikes: u32,
    pub soft_rank: f64,
    pub scale: f64,
}

#[napi(object, use_nullable = true)]
pub struct NativeSpectrum {
    pub singular_values: Float64Array,
    pub sv_max: f64,
    pub sv_min: f64,
    pub lambda_max: f64,
    pub norm: f64,
    pub rank: u32,
    pub rank_loss: u32,
    pub weak_rank_loss: u32,
    pub stable_rank: Option<f64>,
    pub entropy: Option<f64>,
    pub effective_rank: Option<f64>,
    pub tail: Option<NativeTail>,
    pub no_tail: Option<NativeNoTail>,
    pub alpha_weighted: Option<f64>,
    pub log_alpha_norm: Option<f64>,
    pub unit_tail_count: u32,
    pub unit_tail_value: Option<f64>,
    pub bulk: Option<NativeBulk>,
}

impl From<(Vec<f64>, Spectrum)> for NativeSpectrum {
    fn from((singular_values, spectrum): (Vec<f64>, Spectrum)) -> Self {
        Self {
            singular_values: Float64Array::new(singular_values),
            sv_max: spectrum.sv_max,
            sv_min: spectrum.sv_min,
            lambda_max: spectrum.lambda_max,
            norm: spectrum.norm,
            rank: spectrum.ranks.rank as u32,
            rank_loss: spectrum.ranks.loss as u32,
            weak_rank_loss: spectrum.ranks.weak_loss as u32,
            stable_rank: spectrum.stable_rank,
            entropy: spectrum.entropy,
            effective_rank: spectrum.effective_rank,
            tail: spectrum.tail.map(|tail| NativeTail {
                alpha: tail.alpha,
                xmin: tail.xmin,
                xmax: tail.xmax,
                distance: tail.distance,
                sigma: tail.sigma,
                spikes: tail.spikes as u32,
            }),
            no_tail: spectrum.no_tail.map(NativeNoTail::from),
            alpha_weighted: spectrum.alpha_weighted,
            log_alpha_norm: spectrum.log_alpha_norm,
            unit_tail_count: spectrum.unit_tail.count as u32,
            unit_tail_value: spectrum.unit_tail.value,
            bulk: spectrum.bulk.map(|bulk| NativeBulk {
                sigma: bulk.sigma,
                min: bulk.min,
                max: bulk.max,
                spikes: bulk.spikes as u32,
                soft_rank: bulk.soft_rank,
                scale: bulk.scale,
            }),
        }
    }
}

#[napi(object)]
pub struct NativeLayout {
    pub rows: u32,
    pub columns: u32,
    pub positions: u32,
}

#[napi]
pub fn spectrum<'env>(
    env: &'env Env,
    task: &NativeTask,
    weights: Float64Array,
    base: Option<Float64Array>,
    layout: NativeLayout,
    cut: Option<f64>,
) -> napi::Result<PromiseRaw<'env, NativeSpectrum>> {
    let cut = cut.map_or(Cut::OfMean, Cut::At);
    let layout = Layout {
        rows: layout.rows as usize,
        columns: layout.columns as usize,
        positions: layout.positions as usize,
    };
    let shape = Shape {
        larger: layout.rows.max(layout.columns),
        smaller: layout.rows.min(layout.columns),
    };
    start(
        env,
        task,
        Lane::Compute,
        move |task| {
            let mut values = spectrum::singular_values(&weights, base.as_deref(), layout, task)?;
            values.sort_by(f64::total_cmp);
            let spectrum = describe(&values, shape, cut, task)?;
            Ok((values, spectrum))
        },
        |_env, result: (Vec<f64>, Spectrum)| Ok(NativeSpectrum::from(result)),
    )
}

#[napi(object, use_nullable = true)]
pub struct NativeComparison {
    pub max_cosines: Float64Array,
    pub effective_rank: Option<f64>,
    pub stable_rank: Option<f64>,
    pub base_effective_rank: Option<f64>,
    pub base_stable_rank: Option<f64>,
    pub delta_effective_rank: Option<f64>,
    pub delta_stable_rank: Option<f64>,
}

#[napi]
pub fn compare_singular_vectors<'env>(
    env: &'env Env,
    task: &NativeTask,
    tuned: Float64Array,
    base: Float64Array,
    rows: u32,
    columns: u32,
    k: u32,
) -> napi::Result<PromiseRaw<'env, NativeComparison>> {
    let (rows, columns) = (rows as usize, columns as usize);
    start(
        env,
        task,
        Lane::Compute,
        move |task| {
            compare(
                View::new(rows, columns, &tuned)?,
                View::new(rows, columns, &base)?,
                k as usize,
                task,
            )
        },
        |_env, result: numeric::spectrum::Comparison| {
            Ok(NativeComparison {
                max_cosines: Float64Array::new(result.max_cosines),
                effective_rank: result.tuned.effective,
                stable_rank: result.tuned.stable,
                base_effective_rank: result.base.effective,
                base_stable_rank: result.base.stable,
                delta_effective_rank: result.delta.effective,
                delta_stable_rank: result.delta.stable,
            })
        },
    )
}
