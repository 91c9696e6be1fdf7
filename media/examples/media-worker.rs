//! The least a program needs to be its own worker: the tests start this one.

fn main() -> std::io::Result<()> {
    retrace_media::video::worker::run(std::io::stdin(), std::io::stdout())
}
