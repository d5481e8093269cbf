//! The file system of the click folder dies under load: it is shut down, can only be
//! read any more, or its device is gone. Needs root and loop devices.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::both_engines;
use crate::common::{self, Client, Engine, Server, Setup};
use crate::harm::{LINKS, Outcome, live_segment, under_load, with_a_large_segment};

use FileSystem::{Ext4, Xfs};

/// XFS makes none that is smaller. Little of it is ever written.
const DISK_BYTES: u64 = 320 << 20;
/// FS_IOC_SHUTDOWN without the log: what is not on the disk stays away.
const SHUT_DOWN: &str = "import fcntl, os, struct, sys\n\
    fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

/// LOOP_SET_STATUS64 with a limit of 4 KiB: whatever lies behind that fails from now on.
const PULL: &str = "import fcntl, os, struct, sys\n\
    device, info = os.open(sys.argv[1], os.O_RDWR), bytearray(232)\n\
    fcntl.ioctl(device, 0x4C05, info)\n\
    struct.pack_into('Q', info, 32, 4096)\n\
    fcntl.ioctl(device, 0x4C04, info)";

#[derive(Clone, Copy)]
enum FileSystem {
    Ext4,
    Xfs,
}

impl FileSystem {
    /// What makes one, and how it is mounted.
    fn words(self) -> ([&'static str; 3], &'static str) {
        match self {
            Self::Ext4 => (["mkfs.ext4", "-q", "-F"], "loop,nodelalloc,errors=remount-ro"),
            Self::Xfs => (["mkfs.xfs", "-q", "-f"], "loop"),
        }
    }
}

/// A file system in a file, mounted over a loop device until it is dropped.
struct Disk {
    kind: FileSystem,
    image: PathBuf,
    folder: PathBuf,
}

fn ran(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).output();
    ran.is_ok_and(|output| output.status.success())
}

impl Disk {
    /// None, with a message, where that cannot be.
    fn mount(kind: FileSystem, image: PathBuf, folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::File::create(&image).unwrap().set_len(DISK_BYTES).unwrap();
        let disk = Self { kind, image, folder: folder.to_owned() };
        let ([make, quiet, force], _) = kind.words();
        if ran(make, &[quiet, force, disk.image.to_str().unwrap()]) && disk.again() {
            return Some(disk);
        }
        eprintln!("skipped: no loop device can be mounted here with what {make} makes");
        None
    }

    fn again(&self) -> bool {
        let [image, folder] = [&self.image, &self.folder].map(|path| path.to_str().unwrap());
        ran("mount", &["-o", self.kind.words().1, image, folder])
    }

    /// As the machine finds it when it starts again.
    fn restart(&self) {
        // The kernel lets the loop device go a little later; much later where a process in
        // another namespace of mounts has it.
        common::until("it is mounted again", || {
            self.unmount();
            self.again() && self.folder.read_dir().is_ok()
        });
    }

    fn unmount(&self) -> bool {
        ran("umount", &[self.folder.to_str().unwrap()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn shut_down(folder: &Path) {
    assert!(ran("python3", &["-c", SHUT_DOWN, folder.to_str().unwrap()]));
}

/// Takes the device away from under the file system.
fn pull(folder: &Path) {
    assert!(ran("python3", &["-c", PULL, &format!("/dev/{}", device_of(folder))]));
}

/// Has the kernel find an error in the file system, after which it can only be read.
fn make_read_only(folder: &Path) {
    let [folder, device] = [folder.to_str().unwrap(), &device_of(folder)];
    let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
    std::fs::write(&trigger, "an error\n").unwrap_or_else(|error| panic!("{folder}: {error}"));
}

/// The name of the device that is mounted there.
fn device_of(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let mount = mounts.lines().find(|line| line.split(' ').nth(1) == folder.to_str()).unwrap();
    mount.split(' ').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// A server of one core whose click folder is on a disk of its own, and that disk.
fn on_a_disk(engine: Engine, kind: FileSystem, segments: &str) -> Option<(Setup, Disk)> {
    let setup = Setup::new(engine, LINKS).segments(segments).flag("--cores", "1");
    let disk = Disk::mount(kind, setup.folder.path().join("image"), &setup.clicks_folder())?;
    Some((setup, disk))
}

/// What came after the last sync may be gone. Then nothing can be recorded, and redirects
/// go on.
fn dies_under_load(
    engine: Engine,
    (kind, segments): (FileSystem, &str),
    harm: fn(&Path),
    words: &[&str],
) {
    dies(engine, (kind, segments), words, |server, words| under_load(server, harm, words));
}

/// The same in a segment of which only the next pages are faulted in.
fn shuts_down_in_a_large_segment(engine: Engine, kind: FileSystem, words: &[&str]) {
    dies(engine, (kind, "16MiB"), words, |server, words| {
        with_a_large_segment(16 << 20, server, shut_down, words)
    });
}

fn dies(
    engine: Engine,
    (kind, segments): (FileSystem, &str),
    words: &[&str],
    under_load: impl FnOnce(&mut Server, &[&str]) -> Outcome,
) {
    let Some((setup, disk)) = on_a_disk(engine, kind, segments) else { return };
    let mut server = setup.start();
    let words = [words, &["cannot make the next segment", "clicks lost in the last second"]];
    let outcome = under_load(&mut server, &words.concat());
    assert!(outcome.lost > 0 && outcome.doubtful > 0, "{}", outcome.said);
    disk.restart();
    outcome.judge(server.clicks().rows.len() as u64);
}

both_engines!(
    /// All pages of the segments that are ready were faulted in before.
    small_segments_on_a_file_system_that_is_shut_down,
    |engine| dies_under_load(engine, (Ext4, "1MiB"), shut_down, &["is not tried again"])
);
both_engines!(
    /// A page that was not raises SIGBUS.
    large_segments_on_a_file_system_that_is_shut_down,
    |engine| {
        let words = ["takes no more: its file system was shut down"];
        shuts_down_in_a_large_segment(engine, Ext4, &words);
    }
);
both_engines!(small_segments_on_xfs_that_is_shut_down, |engine| {
    dies_under_load(engine, (Xfs, "1MiB"), shut_down, &["is not tried again"]);
});
both_engines!(large_segments_on_xfs_that_is_shut_down, |engine| {
    shuts_down_in_a_large_segment(engine, Xfs, &[]);
});
both_engines!(
    /// The kernel does that by itself when it finds an error.
    a_file_system_becomes_read_only,
    |engine| dies_under_load(engine, (Ext4, "32MiB"), make_read_only, &["Let carom write into"])
);
both_engines!(the_device_of_a_file_system_is_gone, |engine| {
    dies_under_load(engine, (Ext4, "4MiB"), pull, &[]);
});
both_engines!(the_device_of_xfs_is_gone, |engine| {
    dies_under_load(engine, (Xfs, "4MiB"), pull, &[]);
});

/// Clicks go on in the spare folder, and are read with those of the click folder.
fn dies_with_a_spare(engine: Engine, kind: FileSystem, harm: fn(&Path)) {
    let Some((setup, disk)) = on_a_disk(engine, kind, "4MiB") else { return };
    let spare = setup.folder.path().join("spare");
    // However slow this machine is, there is room in time.
    let setup = setup.flag("--wait-for-log", "10s").flag("--clicks-spare", spare.to_str().unwrap());
    let mut server = setup.start();
    let words = ["Clicks go on in the spare folder"];
    let harm = |folder: &Path| {
        harm(folder);
        common::until("a click is there", || live_segment(&spare).is_some());
    };
    let outcome = under_load(&mut server, harm, &words);
    assert_eq!(outcome.said.matches(words[0]).count(), 1, "{}", outcome.said);
    disk.restart();
    let clicks = server.clicks();
    outcome.judge(clicks.rows.len() as u64);
    assert_eq!(outcome.lost, 0, "{}", outcome.said);
    assert!(clicks.rows.last().is_some_and(|row| row["path"] == "/b"), "{}", clicks.said);
    let alone = common::clicks(&spare);
    assert!(alone.rows.last().is_some_and(|row| row["path"] == "/b"), "{}", alone.said);
    // The next run has other numbers, and is at home.
    server.restart();
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(server.clicks().rows.len(), clicks.rows.len() + 1);
    assert_eq!(common::clicks(&spare).rows.len(), alone.rows.len());
}

both_engines!(a_spare_for_a_file_system_that_is_shut_down, |engine| {
    dies_with_a_spare(engine, Ext4, shut_down);
});
both_engines!(a_spare_for_a_file_system_that_becomes_read_only, |engine| {
    dies_with_a_spare(engine, Ext4, make_read_only);
});
both_engines!(a_spare_for_xfs_that_is_shut_down, |engine| {
    dies_with_a_spare(engine, Xfs, shut_down);
});
both_engines!(a_spare_for_a_device_that_is_gone, |engine| {
    dies_with_a_spare(engine, Ext4, pull);
});
