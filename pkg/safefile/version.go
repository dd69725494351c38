package safefile

import (
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// FileVersion is what a stat says of a file, a folder or a link. Two versions that are equal
// (==) belong to one file that did not change in between, except by a change within one step
// of the file system's clock: see [FileVersion.Settled]. The zero value belongs to no file.
type FileVersion struct {
	Dev, Inode uint64
	Nlink      uint64
	Size       int64       // bytes
	Mode       fs.FileMode // type, permissions, setuid, setgid and sticky bits
	UID, GID   uint32
	ModTime    time.Time // of the content; its owner can set it at will
	ChangeTime time.Time // of content, owner, mode or links; no user can set it at will
}

// Lstat returns the version of what lies at a path, following no link at its end. The error
// is a [syscall.Errno] alone: sweeps call it for every file that may be there, and most are
// not, so that neither may cost an allocation.
func Lstat(path string) (FileVersion, error) {
	var st unix.Stat_t
	_, err := ignoringSignals(func() (int, error) { return 0, unix.Lstat(path, &st) })
	if err != nil {
		return FileVersion{}, err
	}
	return versionOfStat(&st), nil
}

// VersionOf returns the version that a [fs.FileInfo] of package os describes.
func VersionOf(info fs.FileInfo) FileVersion {
	v := FileVersion{Size: info.Size(), Mode: info.Mode(), UID: ^uint32(0), GID: ^uint32(0), ModTime: info.ModTime()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		v.Dev, v.Inode, v.Nlink = uint64(s.Dev), s.Ino, uint64(s.Nlink)
		v.UID, v.GID, v.ChangeTime = s.Uid, s.Gid, changeTime(s)
	}
	return v
}

func versionOfStat(st *unix.Stat_t) FileVersion {
	return FileVersion{
		Dev: uint64(st.Dev), Inode: st.Ino, Nlink: uint64(st.Nlink), Size: st.Size, Mode: modeOf(uint32(st.Mode)),
		UID: st.Uid, GID: st.Gid, ModTime: time.Unix(st.Mtim.Unix()), ChangeTime: time.Unix(st.Ctim.Unix()),
	}
}

// The types of files and the special permissions of stat(2); whatever else there is counts as a device.
var (
	fileTypes = map[uint32]fs.FileMode{
		unix.S_IFREG: 0, unix.S_IFDIR: fs.ModeDir, unix.S_IFLNK: fs.ModeSymlink, unix.S_IFIFO: fs.ModeNamedPipe,
		unix.S_IFSOCK: fs.ModeSocket, unix.S_IFCHR: fs.ModeDevice | fs.ModeCharDevice,
	}
	specialBits = [...]struct {
		bit  uint32
		mode fs.FileMode
	}{{unix.S_ISUID, fs.ModeSetuid}, {unix.S_ISGID, fs.ModeSetgid}, {unix.S_ISVTX, fs.ModeSticky}}
)

// modeOf translates the mode of stat(2).
func modeOf(mode uint32) fs.FileMode {
	kind, known := fileTypes[mode&unix.S_IFMT]
	if !known {
		kind = fs.ModeDevice
	}
	out := fs.FileMode(mode)&fs.ModePerm | kind
	for _, s := range specialBits {
		if mode&s.bit != 0 {
			out |= s.mode
		}
	}
	return out
}

// SameFile reports whether two versions belong to one file, changed or not.
func (v FileVersion) SameFile(o FileVersion) bool { return v.Dev == o.Dev && v.Inode == o.Inode }

// IsLink reports whether it is a symbolic link.
func (v FileVersion) IsLink() bool { return v.Mode.Type() == fs.ModeSymlink }

// WritableByOthers reports whether the group or others may write it. The mode of a link means
// nothing: to replace it takes the right to write its folder.
func (v FileVersion) WritableByOthers() bool { return !v.IsLink() && v.Mode.Perm()&0o022 != 0 }

// Permissions returns the permissions with the setuid, setgid and sticky bits as chmod(1)
// counts them.
func (v FileVersion) Permissions() uint32 {
	mode := uint32(v.Mode.Perm())
	for _, s := range specialBits {
		if v.Mode&s.mode != 0 {
			mode |= s.bit
		}
	}
	return mode
}

// Settled reports whether a change after the moment seen, at which the version was taken,
// would show in it: two changes within one step of the file system's clock leave the same
// times behind.
func (v FileVersion) Settled(seen time.Time, step time.Duration) bool {
	age := seen.Sub(v.ChangeTime)
	return age <= -step || age >= step
}
