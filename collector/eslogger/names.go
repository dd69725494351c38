package eslogger

// nameTable knows the names that the members of one kind of object have. It finds out
// which of them stands at a place without looking for where it ends: with random order
// and lengths, guessing that is what a processor spends its time on.
type nameTable struct {
	head  uint64 // mask of the first bytes of a name that tell it from the others
	magic uint64 // factor that spreads those over the slots without a clash; found by trying
	slots [1 << nameBits]nameSlot
}

const (
	nameBits  = 5
	nameBytes = 24 // of a name that are compared as words
)

// nameSlot is one name with its closing quote and colon. An empty one has no member and
// matches nothing that has a quote.
type nameSlot struct {
	word, mask [3]uint64 // the first 24 bytes, and which of them count
	rest       string    // what comes after those
	length     int       // of all
	member     int       // index of the name, from 1
}

// newNameTable makes a table; each name begins with head bytes unlike the others'.
func newNameTable(head int, magic uint64, names ...string) *nameTable {
	t := &nameTable{head: ^uint64(0) >> (64 - 8*head), magic: magic}
	for n, name := range names {
		name += `":`
		s := nameSlot{length: len(name), member: n + 1}
		for k, c := range []byte(name[:min(len(name), nameBytes)]) {
			s.word[k/8] |= uint64(c) << (8 * (k % 8))
			s.mask[k/8] |= 0xff << (8 * (k % 8))
		}
		if len(name) > nameBytes {
			s.rest = name[nameBytes:]
		}
		t.slots[t.slot(s.word[0])] = s
	}
	return t
}

func (t *nameTable) slot(first uint64) uint64 {
	return (first & t.head) * t.magic >> (64 - nameBits)
}

// find returns which name stands at i, 0 for none of them, and the index of its value.
// There must be fastRoom bytes from i on.
func (t *nameTable) find(b []byte, i int) (member, value int) {
	first := load(b, i)
	s := &t.slots[t.slot(first)]
	if (first^s.word[0])&s.mask[0]|(load(b, i+8)^s.word[1])&s.mask[1]|(load(b, i+16)^s.word[2])&s.mask[2] != 0 {
		return 0, i
	}
	if s.rest != "" && string(b[i+nameBytes:i+s.length]) != s.rest {
		return 0, i
	}
	return s.member, i + s.length
}

// named returns which name the key is, 0 for none: the slow way, for a key that has
// escapes or white space behind it.
func (t *nameTable) named(key []byte) int {
	for i := range t.slots {
		if s := &t.slots[i]; s.member != 0 && s.length == len(key)+2 && s.is(key) {
			return s.member
		}
	}
	return 0
}

func (s *nameSlot) is(key []byte) bool {
	name := make([]byte, 0, 32)
	for k := range min(s.length, nameBytes) {
		name = append(name, byte(s.word[k/8]>>(8*(k%8))))
	}
	name = append(name, s.rest...)
	return string(name[:len(name)-2]) == string(key)
}

// The members of an audit token, in the order of the kernel's words.
const (
	_ = iota
	tokenAUID
	tokenEUID
	tokenEGID
	tokenRUID
	tokenRGID
	tokenPID
	tokenASID
	tokenVersion
)

var tokenNames = newNameTable(4, 0xfc2b41fd2ec62227,
	"auid", "euid", "egid", "ruid", "rgid", "pid", "asid", "pidversion")

// statTimes is the first of the members of a stat object that are times; those before
// are numbers.
const statTimes = 13

var statNames = newNameTable(8, 0x8de2120d748c07b,
	"st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_rdev", "st_size", "st_blocks", "st_blksize",
	"st_flags", "st_gen",
	"st_atimespec", "st_mtimespec", "st_ctimespec", "st_birthtimespec")

// The members of a file object.
const (
	_ = iota
	filePath
	_ // path_truncated
	_ // stat
)

var fileNames = newNameTable(5, 0x501aff866397036f, "path", "path_truncated", "stat")

// The members of the outermost object.
const (
	_ = iota
	topProcess
	topEvent
	topTime
	topGlobalSeq
	topSeq
	topVersion
	topSchema
	topUnused // and those after it: known, of no use here
)

var topNames = newNameTable(7, 0xee7551b7143a3d4b,
	"process", "event", "time", "global_seq_num", "seq_num", "version", "schema_version",
	"event_type", "action", "action_type", "mach_time", "thread")

// The members of a process object.
const (
	_ = iota
	processToken
	processParent
	processResponsible
	processExecutable
	processSigningID
	processTeamID
	processCDHash
	processTTY
	processFlags
	processPlatform
	processClient
	processPPID
	processOriginalPPID
	processGroup
	processSession
	processStart
	processUnused // known, of no use here
)

var processNames = newNameTable(4, 0x7db880fba04e3379,
	"audit_token", "parent_audit_token", "responsible_audit_token", "executable", "signing_id", "team_id", "cdhash",
	"tty", "codesigning_flags", "is_platform_binary", "is_es_client", "ppid", "original_ppid", "group_id", "session_id",
	"start_time", "cs_validation_category")
