//! The descriptions of merges as TypeScript types, which packages/numeric compares with its own at compile time.

use std::path::Path;

use ts_rs::{Config, TS};

use super::gather::GatherDescription;
use super::masks::Needs;
use super::plan::{SourceDescription, StatisticDescription, TensorDescription};
use super::program::{
    Along, BaseUse, CountIn, Divisor, MatrixRule, Quantile, Rule, Step, Survivors,
};

const FILE: &str = "../../packages/numeric/src/testing/gen/merge.ts";
const HEAD: &str =
    "// Made from crates/numeric/src/merge by `npm run bridge`. Do not change it by hand.\n";

fn declared<T: TS>() -> String {
    // JSON has numbers of one kind; the sizes of tensors fit into them.
    let config = Config::new().with_large_int("number");
    format!("export {}\n", T::decl(&config))
}

#[test]
fn typescript_knows_the_descriptions_that_are_read() {
    let types = [
        declared::<BaseUse>(),
        declared::<Survivors>(),
        declared::<CountIn>(),
        declared::<Quantile>(),
        declared::<Divisor>(),
        declared::<Along>(),
        declared::<Rule>(),
        declared::<MatrixRule>(),
        declared::<Step>(),
        declared::<Needs>(),
        declared::<StatisticDescription>(),
        declared::<SourceDescription>(),
        declared::<TensorDescription>(),
        declared::<GatherDescription>(),
    ];
    let text = format!("{HEAD}{}", types.concat());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("EIGENLOOM_WRITE_BRIDGE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(committed, text, "{FILE} is stale: run npm run bridge");
}
