package eslogger

// nameTable knows the names that the members of one kind of object have. It finds out
// which of them stands at a place without looking for where it ends: with random order
// and lengths, guessing that is what a processor spends its time on.
type nameTable struct {
	head  uint64 // mask of the first bytes of a name that tell it from the others
	magic uint64 // factor that spreads those over the slots without a clash; found by trying
	slots [1 << nameBits]nameSlot
	names []string
}

const (
	nameBits  = 5
	nameBytes = 24 // of a name and its quote that are compared as words
)

// nameSlot is one name with its closing quote and colon. An empty one has no member and
// matches nothing that has a quote.
type nameSlot struct {
	word, mask [3]uint64 // the first 24 bytes, and which of them count
	long       bool      // a colon comes after those
	value      uint16    // index of the value, from the name's opening quote
	member     uint16    // index of the name, from 1
	_          [10]byte  // makes 64: to find a slot takes no multiplication
}

// differs reports whether other bytes than the name's are in the 24 bytes behind a quote.
func (s *nameSlot) differs(first, second, third uint64) bool {
	return (first^s.word[0])&s.mask[0]|(second^s.word[1])&s.mask[1]|(third^s.word[2])&s.mask[2] != 0
}

// newNameTable makes a table; each name begins with head bytes unlike the others'. One that
// with its quote is longer than nameBytes is left to the slow way.
func newNameTable(head int, magic uint64, names ...string) *nameTable {
	t := &nameTable{head: ^uint64(0) >> (64 - 8*head), magic: magic, names: names}
	for n, name := range names {
		if len(name)+1 > nameBytes {
			continue
		}
		name += `":`
		s := nameSlot{value: uint16(len(name) + 1), member: uint16(n + 1), long: len(name) > nameBytes}
		for k, c := range []byte(name[:min(len(name), nameBytes)]) {
			s.word[k/8] |= uint64(c) << (8 * (k % 8))
			s.mask[k/8] |= 0xff << (8 * (k % 8))
		}
		t.slots[(s.word[0]&t.head)*magic>>(64-nameBits)] = s
	}
	return t
}

// find returns which name stands behind the quote at i, 0 for none of them, and the
// index of its value.
func (t *nameTable) find(b []byte, i int) (member, value int) {
	if len(b)-i < fastRoom {
		return 0, i
	}
	p := (*[fastRoom]byte)(b[i:])
	first := word(p[1:])
	s := &t.slots[(first&t.head)*t.magic>>(64-nameBits)]
	if p[0] != '"' || s.differs(first, word(p[9:]), word(p[17:])) {
		return 0, i
	}
	member, value = int(s.member), i+int(s.value)
	if s.long && b[value-1] != ':' {
		return 0, i
	}
	return member, value
}

// named returns which name the key is, 0 for none: the slow way, for a key that has
// escapes or white space behind it, or stands near the end of the line.
func (t *nameTable) named(key []byte) int {
	for i, name := range t.names {
		if name == string(key) {
			return i + 1
		}
	}
	return 0
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

const tokenMagic = 0xfc2b41fd2ec62227

var tokenNames = newNameTable(4, tokenMagic,
	"auid", "euid", "egid", "ruid", "rgid", "pid", "asid", "pidversion")

// statTimes is the first of the members of a stat object that are times; those before
// are numbers.
const statTimes = 13

const statMagic = 0x8de2120d748c07b

var statNames = newNameTable(8, statMagic,
	"st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_rdev", "st_size", "st_blocks", "st_blksize",
	"st_flags", "st_gen",
	"st_atimespec", "st_mtimespec", "st_ctimespec", "st_birthtimespec")

// The members of a file object.
const (
	_ = iota
	filePath
	_ // path_truncated
	fileStat
)

var fileNames = newNameTable(5, 0x501aff866397036f, "path", "path_truncated", "stat")

// The members of an exec.
const (
	_ = iota
	execTarget
	execArgs
	execEnv
	execCWD
	execScript
	execDyldPath
	execUnused // known, of no use here
)

var execNames = newNameTable(4, 0x240a0faa659b1373,
	"target", "args", "env", "cwd", "script", "dyld_exec_path", "last_fd")

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
	topAction
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
