//! The web UI is built by `make` into `web/dist`, the player of bundles into `web/dist-bundle`, and both are compiled
//! into the binary. Without it the
//! server still builds and says so: here only the folder is made sure of.

fn main() {
    for folder in ["../web/dist", "../web/dist-bundle"] {
        println!("cargo::rerun-if-changed={folder}");
        if let Err(error) = std::fs::create_dir_all(folder) {
            println!("cargo::warning={folder} cannot be created: {error}");
        }
    }
}
