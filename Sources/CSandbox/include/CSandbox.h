#pragma once
// The system calls of a sandbox that have to happen between fork and exec, where Swift cannot run.
//
// One call starts a program in namespaces of its own with a root that shows nothing but what the
// caller lists. What each layer is for is written in Sources/Sandbox/Sandbox.swift.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Something that the program sees in its root, at the same path as outside.
struct csb_entry {
    enum {
        CSB_FOLDER,  ///< the folder `path`, read-only
        CSB_FILE,    ///< the file `source`, read-only, at `path`
        CSB_DEVICE,  ///< the device file `path`, as it is
        CSB_SYMLINK, ///< a link at `path` to `source`
    } kind;
    const char *path;
    const char *source;
};

struct csb_program {
    const char *executable;
    char *const *arguments; ///< null at the end; the environment is empty
    /// These become 0, 1, 2, ...; every other descriptor is closed. At most 16.
    const int *descriptors;
    size_t descriptor_count;
    const char *work_folder; ///< the working folder; isolated: an empty tmpfs of `work_bytes`

    /// False: no namespaces, no view, no filter; limits, session and empty environment remain.
    bool isolated;
    const struct csb_entry *entries;
    size_t entry_count;
    /// Started by root: stay root's user id (without rights) instead of becoming nobody.
    bool keeps_user;

    uint64_t memory_bytes; ///< address space
    uint64_t file_bytes;   ///< size of one file
    uint64_t work_bytes;   ///< size of all files
    uint64_t processor_seconds;
    uint64_t processes; ///< threads count
    uint64_t open_files;
};

/// Where starting failed.
enum csb_step {
    CSB_STEP_NONE,
    CSB_STEP_PIPE,
    CSB_STEP_NAMESPACES,
    CSB_STEP_USER_MAP,
    CSB_STEP_SESSION,
    CSB_STEP_MOUNT_ROOT,
    CSB_STEP_MOUNT_ENTRY,
    CSB_STEP_MOUNT_WORK,
    CSB_STEP_PIVOT,
    CSB_STEP_USER,
    CSB_STEP_LIMITS,
    CSB_STEP_DESCRIPTORS,
    CSB_STEP_PRIVILEGES,
    CSB_STEP_LANDLOCK,
    CSB_STEP_FILTER,
    CSB_STEP_EXECUTE,
};

struct csb_report {
    int32_t step;         ///< csb_step; none when the program runs
    int32_t code;         ///< errno of the step
    int32_t entry;        ///< for CSB_STEP_MOUNT_ENTRY: which
    int32_t landlock;     ///< version of Landlock in force, 0 for none
    int32_t foreign_user; ///< 1: the program's user id outside is nobody's and not the caller's
};

/// Starts a program and returns its process id once it has been executed, or -1. The child dies
/// with the calling thread. Thread-safe.
pid_t csb_start(const struct csb_program *program, struct csb_report *report);

/// Whether this build knows how to isolate on this system and processor.
bool csb_can_isolate(void);
