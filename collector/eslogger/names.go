package eslogger

// names finds the usual names of an object's members in a line, at the price of a few
// words: a line has some 150 of them, in any order.
type names struct {
	list  []writtenName
	read  int              // how many of the first ones are read
	slots [nameSlots]uint8 // index in list plus one, at the hash of the name or after it
}

// nameSlots is a power of two, more than twice the names of any object.
const nameSlots = 64

// nameWords is what a name and the quote behind it take at most, in words of eight bytes.
const nameWords = 3

// writtenName is a name as it stands in a line.
type writtenName struct {
	text        string
	words, mask [nameWords]uint64 // the name and the quote behind it, and which bits are theirs
}

func newNames(read []string, skipped ...string) *names {
	known := &names{read: len(read)}
	for n, text := range append(read[:len(read):len(read)], skipped...) {
		name := writtenName{text: text}
		var written, mask [8 * nameWords]byte
		copy(written[:], text+`":`)
		for i := range len(text) + len(`"`) {
			mask[i] = 0xff
		}
		for i := range nameWords {
			name.words[i], name.mask[i] = wordAt(written[:], 8*i), wordAt(mask[:], 8*i)
		}
		known.list = append(known.list, name)
		slot := hashName(name.words[0])
		for known.slots[slot%nameSlots] != 0 {
			slot++
		}
		known.slots[slot%nameSlots] = uint8(n + 1)
	}
	return known
}

// hashName takes the first five bytes of a name: no name is shorter than three, with the
// quote and the colon behind it, and few agree in five.
func hashName(first uint64) uint64 {
	return first << 24 * 0x9e3779b97f4a7c15 >> 58 // the golden ratio's; as many bits as count the slots
}

// match returns the index of the name whose quote is at i, and where its value begins; -1
// where there is none of the names or it is not written as usual.
func (known *names) match(b []byte, i int) (n, next int) {
	if len(b)-i < 2+8*nameWords || b[i] != '"' {
		return -1, 0
	}
	i++
	first, second, third := wordAt(b, i), wordAt(b, i+8), wordAt(b, i+16)
	for slot := hashName(first); ; slot++ {
		n := int(known.slots[slot%nameSlots]) - 1
		if n < 0 {
			return -1, 0
		}
		w := &known.list[n]
		if (first^w.words[0])&w.mask[0]|(second^w.words[1])&w.mask[1]|(third^w.words[2])&w.mask[2] == 0 {
			if i += len(w.text) + 1; b[i] != ':' {
				return -1, 0
			}
			return n, skipSpace(b, i+1)
		}
	}
}

// find returns the index of a name, -1 if it is none of the names.
func (known *names) find(name []byte) int {
	for n := range known.list {
		if known.list[n].text == string(name) {
			return n
		}
	}
	return -1
}

// skippedNames are the members of the objects that are skipped.
var skippedNames = newNames(nil, "st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_rdev", "st_size", "st_blocks",
	"st_blksize", "st_flags", "st_gen", "st_atimespec", "st_mtimespec", "st_ctimespec", "st_birthtimespec",
	"fd", "fdtype", "pipe", "pipe_id", "result_type", "result", "auth", "thread_id")
