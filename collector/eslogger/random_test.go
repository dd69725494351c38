package eslogger

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
)

var randomLines = flag.Int("lines", 50_000, "random lines that TestDecodeRandom compares with encoding/json")

// TestDecodeRandom compares lines made from the grammar of eslogger's, many of them
// damaged, with encoding/json. They are short, so that millions can be tried.
func TestDecodeRandom(t *testing.T) {
	g := &grammar{r: rand.New(rand.NewPCG(1, uint64(*randomLines)))}
	for n := 0; n < *randomLines && !t.Failed(); n++ {
		compare(t, g.line())
	}
}

// grammar makes lines.
type grammar struct {
	r *rand.Rand
	b strings.Builder
}

func (g *grammar) one(of ...string) string { return of[g.r.IntN(len(of))] }

// The names that the members of each object have.
var (
	topNames = []string{"process", "event", "time", "global_seq_num", "seq_num", "version", "schema_version", "event_type",
		"action", "action_type", "mach_time", "thread"}
	processNames = []string{"audit_token", "parent_audit_token", "responsible_audit_token", "executable", "signing_id", "team_id",
		"cdhash", "tty", "codesigning_flags", "is_platform_binary", "is_es_client", "ppid", "original_ppid", "group_id",
		"session_id", "start_time", "cs_validation_category"}
	tokenNames = []string{"auid", "euid", "egid", "ruid", "rgid", "pid", "asid", "pidversion"}
	fileNames  = []string{"path", "path_truncated", "stat"}
	statNames  = []string{"st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_rdev", "st_size", "st_blocks",
		"st_blksize", "st_flags", "st_gen", "st_atimespec", "st_mtimespec", "st_ctimespec", "st_birthtimespec"}
	execNames = []string{"target", "args", "env", "cwd", "script", "dyld_exec_path", "last_fd"}
)

func (g *grammar) line() []byte {
	g.b.Reset()
	g.object(topNames, func(name string) {
		switch name {
		case "process":
			g.process()
		case "event":
			g.event()
		default:
			g.scalar()
		}
	})
	line := []byte(g.b.String())
	if g.r.IntN(2) == 0 {
		line = g.damage(line)
	}
	return line
}

// damage changes a few bytes, most often into ones that mean something in JSON.
func (g *grammar) damage(line []byte) []byte {
	const likely = "{}[]\",:\\/0123456789-+.eEtrufalsn \t\n\r\x00\x1f\x7f\x80\xc3\xff"
	for range 1 + g.r.IntN(3) {
		if len(line) == 0 {
			return line
		}
		at, c := g.r.IntN(len(line)), likely[g.r.IntN(len(likely))]
		switch g.r.IntN(4) {
		case 0:
			line[at] = c
		case 1:
			line = append(line[:at], line[at+1:]...)
		case 2:
			line = append(line[:at], append([]byte{c}, line[at:]...)...)
		case 3:
			line = line[:at]
		}
	}
	return line
}

// object writes members with names of the list and strange ones, in any order, seldom
// with white space.
func (g *grammar) object(names []string, value func(name string)) {
	g.b.WriteString("{" + g.space())
	for n := range g.r.IntN(7) {
		if n > 0 {
			g.b.WriteString("," + g.space())
		}
		name := names[g.r.IntN(len(names))]
		if g.r.IntN(12) == 0 {
			name = g.one("", "x", "a name that is longer than any of those known", `\u0065vent`, `st\/x`, `q\"q`, "é", "\xff", "pid ", "audit_tokem", "st_birthtimespex")
		}
		g.b.WriteString(`"` + name + `"` + g.space() + ":" + g.space())
		value(name)
		g.b.WriteString(g.space())
	}
	g.b.WriteString("}")
}

func (g *grammar) space() string {
	if g.r.IntN(40) == 0 {
		return g.one(" ", "\t", "  ", "\r", "\n")
	}
	return ""
}

func (g *grammar) process() {
	g.object(processNames, func(name string) {
		switch name {
		case "audit_token", "parent_audit_token", "responsible_audit_token":
			g.token()
		case "executable", "tty":
			g.file()
		default:
			g.scalar()
		}
	})
}

func (g *grammar) token() {
	switch g.r.IntN(8) {
	case 0:
		g.scalar()
	case 1: // the array form, of about the right length
		g.b.WriteString("[")
		for n := range g.r.IntN(3) + 7 {
			if n > 0 {
				g.b.WriteString(",")
			}
			g.number()
		}
		g.b.WriteString("]")
	default: // all eight members as a rule, so that the fast way is taken
		names := append([]string{}, tokenNames...)
		g.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		if g.r.IntN(6) == 0 {
			names[g.r.IntN(len(names))] = g.one("auid", "pid", "x", "pidversioN")
		}
		g.b.WriteString("{")
		for n, name := range names {
			if n > 0 {
				g.b.WriteString(",")
			}
			g.b.WriteString(`"` + name + `":`)
			g.number()
		}
		g.b.WriteString("}")
	}
}

func (g *grammar) file() {
	if g.r.IntN(8) == 0 {
		g.scalar()
		return
	}
	g.object(fileNames, func(name string) {
		if name != "stat" {
			g.scalar()
			return
		}
		g.object(statNames, func(name string) {
			switch {
			case g.r.IntN(10) == 0:
				g.scalar()
			case strings.HasSuffix(name, "timespec"):
				g.b.WriteString(`"2026-11-23T10:00:00.` + g.one("000000000", "123456789", "12345678", `12\/456789`, `1234567"9`) + `Z"`)
			default:
				g.number()
			}
		})
	})
}

func (g *grammar) event() {
	g.object([]string{"exec", "exec", "fork", "exit", "create"}, func(name string) {
		switch name {
		case "exec":
			g.object(execNames, func(name string) {
				switch name {
				case "target":
					g.process()
				case "args", "env":
					g.strings()
				case "cwd", "script":
					g.file()
				default:
					g.scalar()
				}
			})
		case "fork":
			g.object([]string{"child", "x"}, func(string) { g.process() })
		default:
			g.object([]string{"stat", "x"}, func(string) { g.scalar() })
		}
	})
}

func (g *grammar) strings() {
	g.b.WriteString("[")
	for n := range g.r.IntN(5) {
		if n > 0 {
			g.b.WriteString("," + g.space())
		}
		if g.r.IntN(10) == 0 {
			g.scalar()
		} else {
			g.text()
		}
	}
	g.b.WriteString("]")
}

func (g *grammar) number() {
	g.b.WriteString(g.one("0", "1", "20", "501", "-5", "16777234", "4294967295", "4294967296", "2147483648", "-2147483649",
		"12345678", "123456789", "1152921500312525701", "99999999999999999999", "00", "01", "-0", "1.5", "1e3", "-", "123456789012345", "1234567890123456"))
}

func (g *grammar) text() {
	g.b.WriteString(`"`)
	for range g.r.IntN(4) {
		g.b.WriteString(g.one("a", "LoginHook", `\/bin\/`, `\"`, `\\`, `\n`, `\u0041`, `\ud83d\ude00`, `\ud83d`, `\u12`, "é", "\xff", "\x01",
			"HOME=", "SUDO_USER=x", "DYLD_X", "2026-11-23T10:00:00.123456789Z", "2026-11-31T10:00:00Z", "xxxxxxxx", "xxxxxxx"))
	}
	g.b.WriteString(`"`)
}

func (g *grammar) scalar() {
	switch g.r.IntN(8) {
	case 0:
		g.b.WriteString(g.one("null", "true", "false", "nul", "truE", "{}", "[]", "[1,2]", `{"a":{"b":[]}}`, "[,]", ""))
	case 1, 2, 3:
		g.text()
	default:
		g.number()
	}
}

// flatValues makes objects and arrays of plain values, mostly, and damages them.
type flatValues struct{ r *rand.Rand }

func (g *flatValues) one(of ...string) string { return of[g.r.IntN(len(of))] }

func (g *flatValues) text() string {
	if g.r.IntN(4) == 0 {
		return `""`
	}
	s := `"`
	for range g.r.IntN(20) {
		s += g.one("a", "st_", `\/`, "2026-01-02T03", "{", "}", "[", "]", ",", ":", "0", "-", "é", "HOME=", "D")
	}
	return s + `"`
}

func (g *flatValues) value() string {
	switch g.r.IntN(24) {
	case 0:
		return g.one("null", "true", "1.5", "1e3", "-0", "01", "-", "", "{}", "[]", `{"a":1}`, `"\n"`, `"\""`, "\"\t\"", `"a""b"`, `1"a"`, `"a"1`, "--1", "1-1", "-01", " 1", "1 ")
	case 1, 2, 3:
		return "-" + g.one("1", "905323696", "10")
	case 4, 5, 6, 7:
		return "0"
	case 8, 9, 10, 11:
		return g.text()
	}
	return g.one("1", "9", "10", "100", "16777233", "1152921500312718733", "18446744073709551615")
}

func (g *flatValues) object() string {
	s := "{"
	for n := range g.r.IntN(18) {
		if n > 0 {
			s += ","
		}
		s += g.text() + ":" + g.value()
	}
	return s + "}"
}

func (g *flatValues) array() string {
	s := "["
	for n := range g.r.IntN(30) {
		if n > 0 {
			s += ","
		}
		if g.r.IntN(60) == 0 {
			s += g.value()
		} else {
			s += g.text()
		}
	}
	return s + "]"
}

// damaged changes a byte or two, or none, and sets what comes before and after.
func (g *flatValues) damaged(s string) (b []byte, start int) {
	b = []byte(s)
	for range g.r.IntN(3) {
		i := g.r.IntN(len(b))
		c := g.one("{", "}", "[", "]", ",", ":", `"`, `\`, "/", "-", "0", "1", " ", "\n", "e", ".", "x")
		switch g.r.IntN(3) {
		case 0:
			b[i] = c[0]
		case 1:
			b = append(b[:i], append([]byte(c), b[i:]...)...)
		case 2:
			if len(b) > 1 {
				b = append(b[:i], b[i+1:]...)
			}
		}
	}
	start = 1 + g.r.IntN(70)
	before := make([]byte, start, start+len(b)+600)
	for i := range before {
		before[i] = ' '
	}
	after := make([]byte, g.r.IntN(600))
	for i := range after {
		after[i] = ` "x,:1}]/`[g.r.IntN(9)]
	}
	return append(append(before, b...), after...), start
}
