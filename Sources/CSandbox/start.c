// Starting a program: fork, layers, exec. The child of a process with many threads may only make
// system calls, so nothing here allocates or takes a lock.
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

enum { MAX_DESCRIPTORS = 16, FIRST_FREE = 200 };

bool csb_can_isolate(void) {
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
    return true;
#else
    return false;
#endif
}

static bool read_all(int descriptor, void *into, size_t size) {
    char *at = into;
    while (size > 0) {
        ssize_t count = read(descriptor, at, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

static int make_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

static int limit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit current;
    if (getrlimit(resource, &current) != 0) return -1;
    struct rlimit wanted = {soft, hard};
    // Somebody else's stricter limit stays.
    if (current.rlim_max < wanted.rlim_max) wanted.rlim_max = current.rlim_max;
    if (wanted.rlim_max < wanted.rlim_cur) wanted.rlim_cur = wanted.rlim_max;
    return setrlimit(resource, &wanted);
}

static int set_limits(const struct csb_program *p) {
    // The soft limit's signal can be caught, the hard one's cannot.
    if (limit(RLIMIT_CPU, p->processor_seconds, p->processor_seconds + 1) != 0) return -1;
    if (limit(RLIMIT_FSIZE, p->file_bytes, p->file_bytes) != 0) return -1;
    if (limit(RLIMIT_NOFILE, p->open_files, p->open_files) != 0) return -1;
    if (limit(RLIMIT_CORE, 0, 0) != 0) return -1;
    if (limit(RLIMIT_STACK, 8 << 20, 8 << 20) != 0) return -1;
#ifdef __linux__
    if (limit(RLIMIT_AS, p->memory_bytes, p->memory_bytes) != 0) return -1;
    if (limit(RLIMIT_MSGQUEUE, 0, 0) != 0) return -1;
    if (limit(RLIMIT_MEMLOCK, 0, 0) != 0) return -1;
#endif
    // Without a user namespace it would count all processes of the user.
    if (p->isolated && limit(RLIMIT_NPROC, p->processes, p->processes) != 0) return -1;
    return 0;
}

/// Puts the descriptors in their places and `keep` behind them; closes all others.
static int place_descriptors(const struct csb_program *p, int *keep) {
    int count = (int)p->descriptor_count, moved[MAX_DESCRIPTORS];
    for (int i = 0; i < count; i++) {
        if ((moved[i] = fcntl(p->descriptors[i], F_DUPFD, FIRST_FREE)) < 0) return -1;
    }
    int report = fcntl(*keep, F_DUPFD, FIRST_FREE);
    if (report < 0) return -1;
    for (int i = 0; i < count; i++) {
        if (dup2(moved[i], i) < 0) return -1;
    }
    if (dup2(report, count) < 0 || fcntl(count, F_SETFD, FD_CLOEXEC) != 0) return -1;
    *keep = count;
#if defined(__linux__) && defined(SYS_close_range)
    if (syscall(SYS_close_range, count + 1, ~0U, 0) == 0) return 0;
#endif
    struct rlimit open_files;
    if (getrlimit(RLIMIT_NOFILE, &open_files) != 0) return -1;
    rlim_t end = open_files.rlim_cur < 1 << 20 ? open_files.rlim_cur : 1 << 20;
    for (int i = count + 1; i < (int)end; i++) close(i);
    return 0;
}

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void give_up(int channel, struct csb_report *report, int step) {
    report->step = step;
    report->code = errno;
    if (write(channel, report, sizeof *report) < 0) _exit(126);
    _exit(126);
}

#ifdef __linux__
/// The user that the program runs as. These calls are made directly: the C library's versions
/// try to tell all threads, which this child does not have.
static int become_nobody(void) {
    // Refused where an ordinary user made the namespace; it has no groups to lose then.
    syscall(SYS_setgroups, 0, NULL);
    if (syscall(SYS_setresgid, CSB_NOBODY, CSB_NOBODY, CSB_NOBODY) != 0) return -1;
    return (int)syscall(SYS_setresuid, CSB_NOBODY, CSB_NOBODY, CSB_NOBODY);
}
#endif

static _Noreturn void run_child(const struct csb_program *p, int channel, int gate) {
    struct csb_report report = {0};
    char go = 0;
    if (!read_all(gate, &go, 1)) _exit(126);
    report.foreign_user = go == 'n';

    reset_signals();
    if (setsid() < 0) give_up(channel, &report, CSB_STEP_SESSION);
#ifdef __linux__
    if (p->isolated) {
        if (csb_build_view(p, &report) != 0) give_up(channel, &report, report.step);
        if (become_nobody() != 0) give_up(channel, &report, CSB_STEP_USER);
    }
    // Only now, because a change of the user id undoes it. Should the parent be gone already, the
    // report below finds no reader.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(channel, &report, CSB_STEP_SESSION);
#endif
    if (chdir(p->work_folder) != 0) give_up(channel, &report, CSB_STEP_MOUNT_WORK);
    if (place_descriptors(p, &channel) != 0) give_up(channel, &report, CSB_STEP_DESCRIPTORS);
    if (set_limits(p) != 0) give_up(channel, &report, CSB_STEP_LIMITS);
#ifdef __linux__
    if (p->isolated) {
        if (csb_drop_privileges() != 0) give_up(channel, &report, CSB_STEP_PRIVILEGES);
        if (csb_restrict_files(p->work_folder, &report) != 0)
            give_up(channel, &report, CSB_STEP_LANDLOCK);
        if (csb_filter_system_calls() != 0) give_up(channel, &report, CSB_STEP_FILTER);
    }
#endif
    if (write(channel, &report, sizeof report) != sizeof report) _exit(126);
    char *const no_environment[] = {NULL};
    execve(p->executable, p->arguments, no_environment);
    give_up(channel, &report, CSB_STEP_EXECUTE);
}

#ifdef __linux__
static int write_file(pid_t child, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = write(file, text, strlen(text));
    int code = errno;
    close(file);
    errno = code;
    return count < 0 ? -1 : 0;
}

/// Says who the child is outside. Root may lend it nobody's id; anybody else has only their own.
static int map_user(pid_t child, bool keeps_user, bool *is_foreign) {
    char text[64];
    *is_foreign = false;
    if (geteuid() == 0 && !keeps_user) {
        snprintf(text, sizeof text, "0 0 1\n%d %d 1\n", CSB_NOBODY, CSB_NOBODY);
        if (write_file(child, "uid_map", text) == 0) {
            *is_foreign = true;
            return write_file(child, "gid_map", text);
        }
    }
    snprintf(text, sizeof text, "%d %d 1\n", CSB_NOBODY, (int)geteuid());
    if (write_file(child, "uid_map", text) != 0) return -1;
    // Kernels before 3.19 do not have it; they do not ask for it either.
    if (write_file(child, "setgroups", "deny") != 0 && errno != ENOENT) return -1;
    snprintf(text, sizeof text, "%d %d 1\n", CSB_NOBODY, (int)getegid());
    return write_file(child, "gid_map", text);
}

static pid_t fork_child(bool isolated) {
    unsigned long flags = SIGCHLD;
    if (isolated)
        flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                 CLONE_NEWUTS | CLONE_NEWCGROUP;
    return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}
#else
static pid_t fork_child(bool isolated) {
    (void)isolated;
    return fork();
}
#endif

pid_t csb_start(const struct csb_program *program, struct csb_report *report) {
    memset(report, 0, sizeof *report);
    report->step = CSB_STEP_PIPE;
    if (program->descriptor_count > MAX_DESCRIPTORS) {
        report->code = EINVAL;
        return -1;
    }
    int channel[2], gate[2];
    if (make_pipe(channel) != 0) {
        report->code = errno;
        return -1;
    }
    if (make_pipe(gate) != 0) {
        report->code = errno;
        close(channel[0]);
        close(channel[1]);
        return -1;
    }
    pid_t child = fork_child(program->isolated);
    if (child == 0) {
        close(channel[0]);
        close(gate[1]);
        run_child(program, channel[1], gate[0]);
    }
    int code = errno;
    close(channel[1]);

    bool is_foreign = false, is_ready = child > 0;
    report->step = CSB_STEP_NAMESPACES;
#ifdef __linux__
    if (is_ready && program->isolated) {
        report->step = CSB_STEP_USER_MAP;
        is_ready = map_user(child, program->keeps_user, &is_foreign) == 0;
        code = errno;
    }
#endif
    if (is_ready) {
        // The read end is still open here too, so this neither blocks nor raises SIGPIPE.
        const char go = is_foreign ? 'n' : 'o';
        is_ready = write(gate[1], &go, 1) == 1;
        close(gate[1]);
        close(gate[0]);
        gate[0] = gate[1] = -1;
        // The child writes once when all layers are in place, and again when exec failed.
        is_ready = is_ready && read_all(channel[0], report, sizeof *report);
        if (!is_ready) {
            report->step = CSB_STEP_SESSION;
            code = ECHILD;
        } else {
            struct csb_report late;
            if (report->step == CSB_STEP_NONE && read_all(channel[0], &late, sizeof late))
                *report = late;
            is_ready = report->step == CSB_STEP_NONE;
            code = report->code;
        }
    }
    if (gate[0] >= 0) close(gate[0]);
    if (gate[1] >= 0) close(gate[1]);
    close(channel[0]);
    if (is_ready) return child;

    report->code = code;
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return -1;
}
