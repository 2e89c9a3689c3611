// The root that the program sees: a read-only tmpfs with the listed folders and files bound into
// it, and an empty writable work folder.
#ifdef __linux__
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// Where the new root is put together. Nothing that is bound lies below it, and it is always there.
#define BASE "/proc"

/// Makes the folders above `path`.
static int make_parents(const char *path) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (size_t i = sizeof BASE; i < length; i++) {
        if (path[i] != '/') continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST) return -1;
    }
    return 0;
}

/// Mount flags that a remount must keep: a namespace may not take them off again.
static unsigned long kept_flags(const char *path) {
    struct statvfs facts;
    if (statvfs(path, &facts) != 0) return 0;
    unsigned long flags = 0;
    if (facts.f_flag & ST_NOSUID) flags |= MS_NOSUID;
    if (facts.f_flag & ST_NODEV) flags |= MS_NODEV;
    if (facts.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
    if (facts.f_flag & ST_NOATIME) flags |= MS_NOATIME;
    if (facts.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
    if (facts.f_flag & ST_RELATIME) flags |= MS_RELATIME;
    return flags;
}

static int bind_read_only(const char *source, const char *target) {
    bool is_deep = false;
    if (mount(source, target, NULL, MS_BIND, NULL) != 0) {
        // A folder with mounts below it can only be taken over with them.
        if (errno != EINVAL || mount(source, target, NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
        is_deep = true;
    }
    if (is_deep) {
#ifdef SYS_mount_setattr
        struct {
            uint64_t set, clear, propagation, user_namespace;
        } attributes = {.set = 1 /* MOUNT_ATTR_RDONLY */};
        return (int)syscall(SYS_mount_setattr, -1, target, 0x8000 /* AT_RECURSIVE */, &attributes,
                            sizeof attributes);
#else
        errno = ENOSYS;
        return -1;
#endif
    }
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
    return mount(NULL, target, NULL, flags | kept_flags(target), NULL);
}

static int add_entry(const struct csb_entry *entry) {
    char target[PATH_MAX];
    if (snprintf(target, sizeof target, BASE "%s", entry->path) >= (int)sizeof target) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (make_parents(target) != 0) return -1;
    if (entry->kind == CSB_SYMLINK) return symlink(entry->source, target);
    if (entry->kind == CSB_FOLDER) {
        if (mkdir(target, 0755) != 0 && errno != EEXIST) return -1;
        return bind_read_only(entry->source, target);
    }
    int file = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    close(file);
    if (entry->kind == CSB_DEVICE) return mount(entry->source, target, NULL, MS_BIND, NULL);
    return bind_read_only(entry->source, target);
}

int csb_build_view(const struct csb_program *program, struct csb_report *report) {
    report->step = CSB_STEP_MOUNT_ROOT;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    if (mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755") != 0) return -1;
    umask(0);
    for (size_t i = 0; i < program->entry_count; i++) {
        if (add_entry(&program->entries[i]) != 0) {
            report->step = CSB_STEP_MOUNT_ENTRY;
            report->entry = (int32_t)i;
            return -1;
        }
    }
    umask(022);

    report->step = CSB_STEP_MOUNT_WORK;
    char path[PATH_MAX], options[128];
    if (snprintf(path, sizeof path, BASE "%s", program->work_folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (make_parents(path) != 0 || (mkdir(path, 0700) != 0 && errno != EEXIST)) return -1;
    snprintf(options, sizeof options, "size=%llu,nr_inodes=4096,mode=0700,uid=%d,gid=%d",
             (unsigned long long)program->work_bytes, CSB_NOBODY, CSB_NOBODY);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) != 0) return -1;

    report->step = CSB_STEP_PIVOT;
    if (chdir(BASE) != 0) return -1;
    // The old root lands on top of the new one and is taken off: no folder for it is needed.
    if (syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    if (umount2(".", MNT_DETACH) != 0) return -1;
    if (chdir("/") != 0) return -1;
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
    if (mount(NULL, "/", NULL, flags, NULL) != 0) return -1;
    // Otherwise whoever holds capabilities could look at names of this machine.
    if (syscall(SYS_sethostname, "sandbox", 7) != 0) return -1;
    report->step = CSB_STEP_NONE;
    return 0;
}
#endif
