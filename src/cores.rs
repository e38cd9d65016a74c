//! How many cores this process may use.
//!
//! On Linux without allocating anything, which the standard library's count does and can't tell if there is no memory.

/// At least one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// At least one: those that the scheduler may choose for this thread, and what its control groups (version 2) allow.
#[cfg(target_os = "linux")]
pub(crate) fn available() -> usize {
    linux::eligible().min(linux::quota().unwrap_or(usize::MAX)).max(1)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::Read;
    use std::{iter, str};

    /// Bytes of a path, at most: paths as short as this are opened without allocating.
    const PATH_MAX: usize = 256;

    /// Cores that this thread may run on.
    pub(super) fn eligible() -> usize {
        // The kernel wants room for as many as it may have: up to 8192.
        let mut set = [0_u64; 128];
        // SAFETY: the kernel writes as many bytes as it is told are there.
        let status = unsafe { libc::sched_getaffinity(0, size_of_val(&set), set.as_mut_ptr().cast()) };
        if status == 0 { set.iter().map(|word| word.count_ones() as usize).sum() } else { 1 }
    }

    /// How many cores' time the control groups that the process is in allow it.
    pub(super) fn quota() -> Option<usize> {
        let mut text = [0; 2 * PATH_MAX];
        let group = group(read("/proc/self/cgroup", &mut text)?)?;
        // A group's own limit, and those of the groups that it is in.
        let groups = iter::successors(Some(group), |group| group.rsplit_once('/').map(|(above, _)| above));
        groups.filter_map(limit).min()
    }

    /// Where the group is below the mounted tree: `/a/b`, or nothing for the tree's root.
    fn group(text: &str) -> Option<&str> {
        text.lines().find_map(|line| line.strip_prefix("0::")).map(|group| group.trim_end_matches('/'))
    }

    fn limit(group: &str) -> Option<usize> {
        let mut path = [0; PATH_MAX];
        let mut len = 0;
        for part in ["/sys/fs/cgroup", group, "/cpu.max"] {
            path.get_mut(len..len + part.len())?.copy_from_slice(part.as_bytes());
            len += part.len();
        }
        cores(read(str::from_utf8(&path[..len]).ok()?, &mut [0; 64])?)
    }

    /// The cores of a limit, `200000 100000` or `max 100000`: microseconds of time in how many.
    fn cores(text: &str) -> Option<usize> {
        let (time, period) = text.trim_end().split_once(' ')?;
        let (time, period): (usize, usize) = (time.parse().ok()?, period.parse().ok()?);
        time.checked_div(period)
    }

    /// The beginning of a file, up to as much as there is room for.
    fn read<'t>(path: &str, text: &'t mut [u8]) -> Option<&'t str> {
        let len = File::open(path).ok()?.read(text).ok()?;
        str::from_utf8(&text[..len]).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn groups_and_their_limits_are_read() {
            assert_eq!(group("1:name=systemd:/x\n0::/user.slice/a\n"), Some("/user.slice/a"));
            assert_eq!(group("0::/\n"), Some(""));
            assert_eq!(group("3:cpu,cpuacct:/docker/1\n"), None);
            assert_eq!(cores("max 100000\n"), None);
            assert_eq!(cores("250000 100000\n"), Some(2));
            assert_eq!(cores("50000 100000\n"), Some(0));
            assert_eq!(cores("100000 0\n"), None);
            assert_eq!(limit(&"x".repeat(PATH_MAX)), None);
        }

        #[test]
        fn as_many_are_available_as_the_standard_library_says() {
            assert_eq!(super::super::available(), std::thread::available_parallelism().unwrap().get());
        }
    }
}
