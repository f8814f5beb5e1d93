"""The guest's files.

base          Inode, File, FileSystem: what file systems implement and the kernel calls
namespace     Mount, Location, Namespace: mounts and the walk along a path
opening       open(2)
names         mkdir, mknod, link, symlink, unlink, rmdir, rename with all checks
personality   the sandbox's tree and the host's: where a run starts
locks         record locks, flock, leases
memfs, cowfs, hostfs, devfs, procfs, sysfs      file systems (content, hostdir: their stores)
pipe, eventfd, tty, streams                     other files
user          guest memory, for ioctl
"""
