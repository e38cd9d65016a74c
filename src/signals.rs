//! Keeps asynchronous signals away from workers: they are the program's to handle, on the program's threads.

/// While it lives, threads that the current one starts are born with asynchronous signals blocked.
pub(crate) struct Blocked {
    #[cfg(unix)]
    before: libc::sigset_t,
}

#[cfg(unix)]
impl Blocked {
    pub(crate) fn new() -> Self {
        // Those that a thread brings on itself must reach it.
        const SYNCHRONOUS: [i32; 6] =
            [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];

        // SAFETY: a sigset_t is plain data, and these functions only fill in the ones they are given.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before = all;
            libc::sigfillset(&mut all);
            for signal in SYNCHRONOUS {
                libc::sigdelset(&mut all, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before);
            Blocked { before }
        }
    }
}

#[cfg(unix)]
impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the mask that pthread_sigmask itself filled in.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut());
        }
    }
}

#[cfg(not(unix))]
impl Blocked {
    pub(crate) fn new() -> Self {
        Blocked {}
    }
}
