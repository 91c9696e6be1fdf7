//! The web UI is built by `make` into `web/dist` and compiled into the binary. Without it the
//! server still builds and says so: here only the folder is made sure of.

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
    if let Err(error) = std::fs::create_dir_all("../web/dist") {
        println!("cargo::warning=web/dist cannot be created: {error}");
    }
}
