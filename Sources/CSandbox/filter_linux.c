// The seccomp filter: a list of the system calls that Python needs to compute, read its library
// and write into its work folder. Everything else is refused: sockets, new processes, namespaces,
// mounts, ptrace, bpf, keyrings, io_uring, shared memory, other processes' memory.
//
// Refusing is an error code and not the end of the process, so a program meets the ordinary
// exception and its verdict says what it tried. Only calls by another ABI end it.
#ifdef __linux__
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define OUR_ARCHITECTURE 0
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif

// Calls above are newer than this list: libraries try them and fall back when told so.
#define FIRST_UNKNOWN 463

// clang-format off
static const int allowed[] = {
    // files
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
    SYS_lseek, SYS_close, SYS_dup, SYS_dup3, SYS_pipe2, SYS_openat, SYS_fstat, SYS_newfstatat,
    SYS_statx, SYS_statfs, SYS_fstatfs, SYS_faccessat, SYS_readlinkat, SYS_getcwd, SYS_chdir,
    SYS_fchdir, SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_fchmod,
    SYS_fchmodat, SYS_utimensat, SYS_umask, SYS_getdents64, SYS_fcntl, SYS_flock, SYS_fsync,
    SYS_fdatasync, SYS_ftruncate, SYS_truncate, SYS_fallocate, SYS_fadvise64, SYS_sendfile,
    SYS_copy_file_range, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr, SYS_llistxattr,
    SYS_flistxattr, SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait,
    SYS_eventfd2,
    // memory
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_msync,
    // threads and signals
    SYS_futex, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_membarrier,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend, SYS_sigaltstack, SYS_restart_syscall, SYS_kill, SYS_tkill, SYS_tgkill,
    SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler,
    SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getcpu,
    // itself
    SYS_execve, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid, SYS_getpid, SYS_gettid,
    SYS_getppid, SYS_getpgid, SYS_getsid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getgroups, SYS_getresuid, SYS_getresgid, SYS_prlimit64, SYS_getrusage, SYS_times,
    SYS_setitimer, SYS_getitimer, SYS_uname, SYS_sysinfo, SYS_getrandom,
    // time
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_close_range
    SYS_close_range,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef __x86_64__
    // the older forms, which only this architecture has
    SYS_open, SYS_creat, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_mkdir, SYS_rmdir,
    SYS_unlink, SYS_rename, SYS_renameat, SYS_link, SYS_symlink, SYS_chmod, SYS_utime, SYS_utimes,
    SYS_futimesat, SYS_getdents, SYS_dup2, SYS_pipe, SYS_poll, SYS_select, SYS_epoll_create,
    SYS_epoll_wait, SYS_eventfd, SYS_arch_prctl, SYS_getpgrp, SYS_getrlimit, SYS_alarm, SYS_pause,
    SYS_time,
#endif
};
// clang-format on

/// A program under construction; larger than it will ever be.
struct filter {
    struct sock_filter code[512];
    unsigned short count;
};

static void emit(struct filter *f, uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
    f->code[f->count++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct filter *f, size_t offset) {
    emit(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void end_with(struct filter *f, uint32_t action) { emit(f, BPF_RET | BPF_K, action, 0, 0); }

static uint32_t refuse(int code) { return SECCOMP_RET_ERRNO | ((uint32_t)code & 0xffff); }

/// If the loaded word is `value`, ends with `action`.
static void when(struct filter *f, uint32_t value, uint32_t action) {
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    end_with(f, action);
}

/// Allows a call when the low half of an argument is one of the values, else refuses it.
static void allow_by_argument(struct filter *f, int call, int argument, const uint32_t *values,
                              int count) {
    // Past the load, a test and an end per value, and the refusal.
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, (uint8_t)(2 + 2 * count));
    load(f, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
    for (int i = 0; i < count; i++) when(f, values[i], SECCOMP_RET_ALLOW);
    end_with(f, refuse(EPERM));
}

int csb_filter_system_calls(void) {
    struct filter f = {.count = 0};
    // What another ABI's numbers mean, this list does not know.
    load(&f, offsetof(struct seccomp_data, arch));
    emit(&f, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0);
    end_with(&f, SECCOMP_RET_KILL_PROCESS);
    load(&f, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
    emit(&f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    end_with(&f, SECCOMP_RET_KILL_PROCESS);
#endif
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        when(&f, (uint32_t)allowed[i], SECCOMP_RET_ALLOW);

    // Threads yes, processes and namespaces no. The flags of clone3 lie in memory, out of a
    // filter's sight; libraries then use clone.
    when(&f, 435 /* clone3 */, refuse(ENOSYS));
    const uint32_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    const uint32_t spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                            CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    emit(&f, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 5);
    load(&f, offsetof(struct seccomp_data, args));
    emit(&f, BPF_ALU | BPF_AND | BPF_K, thread | spaces, 0, 0);
    emit(&f, BPF_JMP | BPF_JEQ | BPF_K, thread, 0, 1);
    end_with(&f, SECCOMP_RET_ALLOW);
    end_with(&f, refuse(EPERM));

    const uint32_t harmless[] = {PR_SET_NAME, PR_GET_NAME};
    allow_by_argument(&f, SYS_prctl, 0, harmless, 2);
    const uint32_t controls[] = {TCGETS, FIOCLEX, FIONCLEX, FIONBIO, FIONREAD, TIOCGWINSZ};
    allow_by_argument(&f, SYS_ioctl, 1, controls, 6);

    emit(&f, BPF_JMP | BPF_JGE | BPF_K, FIRST_UNKNOWN, 0, 1);
    end_with(&f, refuse(ENOSYS));
    end_with(&f, refuse(EPERM));

    struct sock_fprog program = {f.count, f.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#endif
