#if os(Linux)
    import Testing

    @testable import Store

    @Suite struct NetworkFileSystemTests {
        @Test(arguments: [
            ("/net/ann/runs.sqlite", "nfs4"), ("/net/ann/my disk/runs.sqlite", nil),
            ("/runs.sqlite", nil), ("/homely/runs.sqlite", nil), ("/mnt/far/x", "fuse.sshfs"),
        ])
        func typesOfMounts(path: String, name: String?) {
            let mounts = """
                21 1 8:1 / / rw - ext4 /dev/sda1 rw
                36 21 0:42 / /net/ann rw,relatime shared:7 - nfs4 server:/ann rw
                37 36 8:2 / /net/ann/my\\040disk rw - ext4 /dev/sdb1 rw
                38 21 0:43 / /mnt/far rw - fuse.sshfs far:/ rw
                """
            #expect(NetworkFileSystem.name(of: path, mounts: mounts) == name)
        }
    }
#endif
