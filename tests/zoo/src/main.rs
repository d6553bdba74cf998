//! Broken routers, and the proof that Brownout notices each of them.

use std::path::Path;

use brownout::fuzz::play::simulated;
use brownout::fuzz::{Case, Coverage, Doc};
use brownout::router::seam::{self, Defect};

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    for path in args {
        let text = std::fs::read_to_string(Path::new(&path))?;
        let doc = Doc::read(&text).expect("doc");
        let case = Case::new(doc).unwrap_or_else(|p| panic!("{path}: {p}"));
        let defects: Vec<_> = if name == "all" {
            Defect::ALL.to_vec()
        } else {
            Defect::ALL.iter().copied().filter(|d| d.name() == name).collect()
        };
        for defect in [None].into_iter().chain(defects.into_iter().map(Some)) {
            let broken = seam::with(defect, || simulated::play(&case, &mut Coverage::default()))?;
            if defect.is_none() && broken.is_empty() {
                continue;
            }
            if broken.is_empty() {
                if name != "all" {
                    println!("{path} {}: NOTHING", defect.map_or("healthy", Defect::name));
                }
                continue;
            }
            for b in broken {
                println!(
                    "{path} {}: {} {} (request {:?})",
                    defect.map_or("healthy", Defect::name),
                    b.promise,
                    b.what,
                    b.request
                );
            }
        }
    }
    Ok(())
}
