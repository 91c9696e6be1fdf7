//! sudo as it is installed, in a world of its own: its `sudoers`, its `sudo.conf` and its users are
//! mounted over those of the machine in a private mount namespace, so that nothing of the machine is
//! touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The user who runs sudo, and the number that they have.
const USER: &str = "ops";
const USER_ID: u32 = 4_242;

/// Mounts the world, becomes the user, and runs the rest of its arguments.
const ENTER: &str = r#"
set -e
world=$1; shift
for file in sudoers sudo.conf passwd group shadow; do
    mount --bind "$world/$file" "/etc/$file"
done
mount -t tmpfs -o mode=711 none /run/sudo
cd /
exec setpriv --reuid 4242 --regid 4242 --clear-groups "$@"
"#;

/// Where sudo runs.
pub struct SudoWorld {
    folder: PathBuf,
}

impl SudoWorld {
    /// A world in an empty folder, with these lines of `sudoers` beside those that every test needs.
    /// When it cannot be had here, the error says why.
    ///
    /// # Errors
    /// Without root, without sudo and the tools of tests, or where no mount namespace may be made.
    pub fn new(folder: &Path, sudoers: &str) -> Result<Self, String> {
        for program in ["sudo", "sudo_sendlog", "unshare", "setpriv", "openssl"] {
            let found = Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if found.is_err() {
                return Err(format!("there is no `{program}` here"));
            }
        }
        fs::create_dir_all(folder).expect("a folder");
        let add = |name: &str, line: &str| {
            let mut text = fs::read_to_string(format!("/etc/{name}")).unwrap_or_default();
            text.push_str(line);
            fs::write(folder.join(name), text).expect("a file");
        };
        add(
            "passwd",
            &format!("{USER}:x:{USER_ID}:{USER_ID}::/:/bin/sh\n"),
        );
        add("group", &format!("{USER}:x:{USER_ID}:\n"));
        add("shadow", &format!("{USER}:*:20000:0:99999:7:::\n"));
        fs::write(folder.join("sudo.conf"), "").expect("a file");
        let world = Self {
            folder: folder.to_owned(),
        };
        world.set_sudoers(sudoers);
        let works = world.run(&["true"]).output();
        match works {
            Ok(output) if output.status.success() => Ok(world),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Replaces the lines of `sudoers`.
    pub fn set_sudoers(&self, lines: &str) {
        let path = self.folder.join("sudoers");
        // It stays the same file: it may be mounted already.
        let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o640));
        // The name of the machine is not looked up, and what happens is not told to its journal.
        let text = format!("Defaults !fqdn, !syslog, use_pty\n{lines}\n");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).expect("its mode");
    }

    /// A command of the user, not started yet.
    pub fn run(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                ENTER,
                "sh",
            ])
            .arg(&self.folder)
            .args(arguments)
            .env("PS1", "$ ")
            .env_remove("ENV");
        command
    }

    /// `sudo` with these arguments, not started yet.
    pub fn sudo(&self, arguments: &[&str]) -> Command {
        self.run(&[&["sudo"], arguments].concat())
    }
}
