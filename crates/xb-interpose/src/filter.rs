//! The filter of system calls, as this machine's kernel takes it.

use std::io;
use std::os::unix::net::UnixStream;

use libc::sock_filter;
use xb_run::filter::Instruction;

use crate::{descriptor, sys};

/// Installs a filter for this process and everything that it executes. With a line, the other end of it is asked about
/// what the filter asks about.
///
/// # Errors
/// When the system refuses, or nobody is at the other end.
pub fn install_filter(filter: &[Instruction], line: Option<UnixStream>) -> io::Result<()> {
    let program: Vec<_> =
        filter.iter().map(|one| sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k }).collect();
    match line {
        None => sys::install_filter(&program),
        Some(line) => descriptor::send(line, sys::install_asking_filter(&program)?),
    }
}

#[cfg(test)]
mod tests {
    use xb_core::Arch;
    use xb_run::calls::{ABSENT, Call, EXECUTION, IOCTL, REFUSED, SOCKET, WITHOUT_EFFECT};

    /// The C library's numbers are those of the architecture that this was compiled for.
    #[test]
    fn the_numbers_are_those_of_the_c_library() {
        let arch = Arch::host().unwrap();
        let owners: &[i64] = &[
            #[cfg(target_arch = "x86_64")]
            libc::SYS_chown,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_lchown,
            libc::SYS_fchown,
            libc::SYS_fchownat,
            libc::SYS_setgroups,
        ];
        let refused: &[i64] = &[
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
            libc::SYS_fsopen,
            libc::SYS_fsconfig,
            libc::SYS_fsmount,
            libc::SYS_fspick,
            libc::SYS_move_mount,
            libc::SYS_open_tree,
            libc::SYS_mount_setattr,
            467,
            libc::SYS_setns,
            libc::SYS_open_by_handle_at,
            libc::SYS_reboot,
            libc::SYS_swapon,
            libc::SYS_swapoff,
            libc::SYS_kexec_load,
            libc::SYS_kexec_file_load,
            libc::SYS_init_module,
            libc::SYS_finit_module,
            libc::SYS_delete_module,
            libc::SYS_acct,
            libc::SYS_quotactl,
            libc::SYS_quotactl_fd,
            libc::SYS_syslog,
            libc::SYS_settimeofday,
            libc::SYS_clock_settime,
            libc::SYS_vhangup,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_iopl,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_ioperm,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_request_key,
        ];
        let absent = [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
        let numbers =
            |calls: &[Call]| calls.iter().filter_map(|call| call.number(arch)).map(i64::from).collect::<Vec<_>>();
        assert_eq!(numbers(&WITHOUT_EFFECT), owners);
        assert_eq!(numbers(&REFUSED), refused);
        assert_eq!(numbers(&ABSENT), absent);
        assert_eq!(numbers(&EXECUTION), [libc::SYS_execve, libc::SYS_execveat]);
        assert_eq!(numbers(&[SOCKET, IOCTL]), [libc::SYS_socket, libc::SYS_ioctl]);
    }
}
