package synthetic

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"path"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// Mark starts every code directory hash that this package invents, and ThreadMark
// is the lowest thread id: no stream of a real Mac has either, so a synthetic
// line can always be told from a captured one.
const (
	Mark       = "5EED5EED"
	ThreadMark = 0x5EED0000
)

const (
	cpuTypeARM64    = 16777228
	cpuSubtypeARM64 = 0
	// The capability bits of arm64e make the number negative as a signed one.
	cpuSubtypeARM64E = -2147483646
)

// file is a path with the metadata that eslogger prints for it.
type file struct {
	path                string
	dev                 int64
	ino                 uint64
	mode, nlink         int64
	uid, gid            int64
	rdev, size, blksize int64
	flags               int64
	atime, mtime, birth int64
}

// image is a program and its signature.
type image struct {
	file      *file
	signingID string
	teamID    string
	cdHash    string
	flags     uint32
	platform  bool
}

// cpuSubtype tells Apple's own programs, built for arm64e, from others.
func (i *image) cpuSubtype() int64 {
	if i.platform {
		return cpuSubtypeARM64E
	}
	return cpuSubtypeARM64
}

// category is the validation category: 1 platform, 6 Developer ID, 10 local.
func (i *image) category() int64 {
	switch {
	case i.platform:
		return 1
	case i.teamID != "":
		return 6
	}
	return 10
}

// entitlements are a few, of each JSON type that real ones have.
func (i *image) entitlements() object {
	if !i.platform {
		return nil
	}
	return object{
		{"platform-application", true}, {"com.apple.private.tcc.allow", []string{"kTCCServiceSystemPolicyAllFiles"}},
		{"com.apple.private.security.storage", object{{"appData", true}}}, {"com.apple.application-identifier", i.signingID},
	}
}

// installed is when the simulated system was, in nanoseconds since 1970.
var installed = time.Date(2026, 1, 14, 5, 14, 16, 0, time.UTC).UnixNano()

// sealed says whether name lies on the read-only system volume.
func sealed(name string) bool {
	for _, p := range []string{"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/System/"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// newFile invents the metadata of a path: always the same for the same path, nil for none.
func newFile(name string, mode int64) *file {
	if name == "" {
		return nil
	}
	n := hash(name)
	f := &file{
		path: name, dev: 16777233, mode: mode, nlink: 1, blksize: 4096,
		size:  16384 + int64(n%400_000),
		atime: installed + int64(n%1e15), mtime: installed + int64(n%1e14), birth: installed,
		ino: 30_000_000 + n%5_000_000,
	}
	if sealed(name) {
		// Inodes of the system volume do not fit a float64.
		f.ino = 1152921500312000000 + n%1_000_000
		f.flags = 524320
		f.atime, f.mtime = installed, installed
	}
	if strings.HasPrefix(name, "/Users/") {
		f.uid, f.gid = int64(userID), int64(staff)
	}
	if mode&directory != 0 {
		f.nlink, f.size = 3+int64(n%60), 32*(3+int64(n%60))
	}
	return f
}

// Modes as stat(2) has them: a directory, a program, a terminal.
const (
	directory    = 0o040000
	modeFolder   = 0o040755
	modeProgram  = 0o100755
	modeTerminal = 0o020620
)

// newTerminal invents /dev/ttysNNN. Every second one has a negative device.
func newTerminal(n int) *file {
	name := fmt.Sprintf("/dev/ttys%03d", n)
	f := newFile(name, modeTerminal)
	f.dev = int64(hash(name) % 1_900_000_000)
	if n%2 == 0 {
		f.dev = -f.dev
	}
	f.uid, f.gid, f.size, f.birth = int64(userID), 4, 0, 0
	f.rdev, f.ino, f.blksize = 0x10000000+int64(n), uint64(1100+n), 65536
	return f
}

// Flag values of typical signatures: what the named bits say, and the bits that
// macOS sets beside them on programs of that sort.
const (
	flagsPlatform  = event.CSSigned | event.CSRuntime | event.CSValid | 0x2003b10
	flagsDeveloper = event.CSSigned | event.CSRuntime | event.CSValid | 0x2007310
	flagsAdhoc     = event.CSSigned | event.CSAdhoc | event.CSValid | 0x2020200
)

// newImage invents what spec leaves open of a program's signature.
func newImage(spec *Spec) *image {
	f := newFile(spec.Path, modeProgram)
	i := &image{
		file: f, signingID: spec.SigningID, teamID: spec.TeamID,
		flags: spec.Flags, platform: spec.Platform,
	}
	if spec.Unsigned {
		i.cdHash = strings.Repeat("0", 40)
		return i
	}
	name := path.Base(f.path)
	if i.signingID == "" && i.teamID == "" && !i.platform {
		i.platform = sealed(f.path)
	}
	if i.signingID == "" {
		i.signingID = name + "-" + hexOf(hash(f.path))
		if i.platform {
			i.signingID = "com.apple." + name
		}
	}
	if i.flags == 0 {
		switch {
		case i.platform:
			i.flags = flagsPlatform
		case i.teamID != "":
			i.flags = flagsDeveloper
		default:
			i.flags = flagsAdhoc
		}
	}
	i.cdHash = Mark + strings.ToUpper(hexOf(hash(i.signingID, name))+hexOf(hash(f.path, i.teamID)))
	return i
}

func hexOf(n uint64) string {
	return hex.EncodeToString(binary.LittleEndian.AppendUint64(nil, n))
}
