// Landlock: a second opinion on files, and on TCP, abstract sockets and signals where the kernel's
// version knows those. And the end of all capabilities.
#ifdef __linux__
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's numbers, here so that older headers do; the same on every architecture.
enum {
    CALL_CREATE = 444,
    CALL_ADD_RULE = 445,
    CALL_RESTRICT = 446,
    ASK_VERSION = 1,
    RULE_BENEATH = 1,

    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_FOLDER = 1 << 3,
    REMOVE_FOLDER = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DEVICES = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11, // character, socket, fifo, block
    MAKE_FOLDER = 1 << 7,
    MAKE_FILE = 1 << 8,
    MAKE_LINK = 1 << 12,
    MOVE = 1 << 13,     // version 2
    TRUNCATE = 1 << 14, // version 3
    DEVICE_CONTROL = 1 << 15,
};

struct rules {
    uint64_t files, net, scoped;
};

struct __attribute__((packed)) beneath {
    uint64_t allowed;
    int32_t folder;
};

static int allow(int rules, const char *path, uint64_t rights) {
    struct beneath rule = {rights, open(path, O_PATH | O_CLOEXEC)};
    if (rule.folder < 0) return errno == ENOENT ? 0 : -1;
    long result = syscall(CALL_ADD_RULE, rules, RULE_BENEATH, &rule, 0);
    int code = errno;
    close(rule.folder);
    errno = code;
    return (int)result;
}

int csb_restrict_files(const char *work_folder, struct csb_report *report) {
    long version = syscall(CALL_CREATE, NULL, 0, ASK_VERSION);
    // Not built in, or switched off: the other layers stand without it.
    if (version < 1) return 0;

    struct rules rules = {.files = EXECUTE | WRITE_FILE | READ_FILE | READ_FOLDER | REMOVE_FOLDER |
                                   REMOVE_FILE | MAKE_DEVICES | MAKE_FOLDER | MAKE_FILE |
                                   MAKE_LINK};
    size_t size = 8;
    if (version >= 2) rules.files |= MOVE;
    if (version >= 3) rules.files |= TRUNCATE;
    if (version >= 4) {
        rules.net = 3; // bind, connect
        size = 16;
    }
    if (version >= 5) rules.files |= DEVICE_CONTROL;
    if (version >= 6) {
        rules.scoped = 3; // abstract sockets, signals
        size = 24;
    }
    int set = (int)syscall(CALL_CREATE, &rules, size, 0);
    if (set < 0) return -1;
    uint64_t reading = EXECUTE | READ_FILE | READ_FOLDER;
    uint64_t writing = READ_FILE | READ_FOLDER | WRITE_FILE | REMOVE_FOLDER | REMOVE_FILE |
                       MAKE_FOLDER | MAKE_FILE | MAKE_LINK | MOVE | TRUNCATE;
    uint64_t device = READ_FILE | WRITE_FILE | TRUNCATE;
    int result = allow(set, "/", reading);
    if (result == 0) result = allow(set, work_folder, writing & rules.files);
    if (result == 0) result = allow(set, "/dev/null", device & rules.files);
    if (result == 0) result = (int)syscall(CALL_RESTRICT, set, 0);
    int code = errno;
    close(set);
    errno = code;
    if (result == 0) report->landlock = (int32_t)version;
    return result;
}

int csb_drop_privileges(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    for (int capability = 0; capability < 64; capability++) {
        // The first number that the kernel does not know ends the list.
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
    }
    struct {
        uint32_t version;
        int process;
    } header = {0x20080522, 0};
    uint32_t none[6] = {0};
    return (int)syscall(SYS_capset, &header, none);
}
#endif
