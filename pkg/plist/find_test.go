package plist

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var hookKeys = []string{"LoginHook", "LogoutHook", "EnableMCXLoginScripts", "MCXScriptTrust"}

// compareFound fails where Find is silent about a key that CoreFoundation sees, or sure of another
// value. It reports whether there was a key to see.
func compareFound(t *testing.T, b []byte) (sees bool) {
	t.Helper()
	got, err := Find(b, hookKeys...)
	model := modelView(b)
	for _, key := range hookKeys {
		want, seen := model[key]
		if !seen {
			continue
		}
		sees = true
		if strings.ContainsFunc(want, func(c rune) bool { return c >= utf8.RuneSelf }) {
			want = "?" // the model does not know other characters in all encodings
		}
		if err != nil && !errors.Is(err, ErrTrailing) {
			continue // which is loud
		}
		list := got.Values[key]
		if len(list) == 0 {
			t.Errorf("Find(%q) = %v, uncertain %v: CoreFoundation sees %s = %q", b, got.Values, got.Uncertain, key, want)
		} else if s, isText := list[0].(string); !got.Uncertain && (isText && s != want && want != "?" || len(list) > 1) {
			t.Errorf("Find(%q): %s = %q, certain: CoreFoundation sees %q", b, key, list, want)
		} else if isText && want != "?" && len(list) < maxOthers && !slices.Contains(list, any(want)) {
			t.Errorf("Find(%q): %s = %q, uncertain: CoreFoundation sees %q", b, key, list, want)
		}
	}
	return sees
}

// TestNeverSilent compares Find with the model of CoreFoundation over random documents, within the
// memory that it promises.
func TestNeverSilent(t *testing.T) {
	const maxHeap = 64 << 20
	count := 20_000
	if os.Getenv("TEST_SLOW") != "" {
		count = 1_000_000
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(maxHeap))
	seed := rand.Uint64()
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	seen, readable := 0, 0
	for i := range count {
		b := g.document()
		if compareFound(t, b) {
			seen++
			if _, err := Find(b, hookKeys...); err == nil || errors.Is(err, ErrTrailing) {
				readable++
			}
		}
		if t.Failed() {
			t.Fatalf("document %d of seed %d", i, seed)
		}
		if i%1000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if held := m.HeapSys - m.HeapReleased; held > maxHeap {
				t.Fatalf("%d MiB of heap after %d documents, more than %d MiB", held>>20, i, maxHeap>>20)
			}
		}
	}
	t.Logf("seed %d: of %d documents CoreFoundation sees a key in %d, of which Find reads %d", seed, count, seen, readable)
	if seen < count/10 || readable < seen/2 {
		t.Errorf("of %d documents CoreFoundation sees a key in %d, of which Find reads %d: too few to say anything", count, seen, readable)
	}
}

// hookForms are documents in which CoreFoundation, or one of its versions, sees that LoginHook is /x.
func hookForms() map[string]string {
	const dict = "<dict><key>LoginHook</key><string>/x</string></dict>"
	wide := func(size int, little bool, mark, s string) string {
		out := mark
		for _, c := range []byte(s) {
			if unit := strings.Repeat("\x00", size-1); little {
				out += string([]byte{c}) + unit
			} else {
				out += unit + string([]byte{c})
			}
		}
		return out
	}
	binaryOf := func(refSize int) string {
		ref := func(n byte) string { return strings.Repeat("\x00", refSize-1) + string([]byte{n}) }
		return string(binaryDocument(refSize, "\xd1"+ref(1)+ref(2), "\x59LoginHook", "\x52/x"))
	}
	forms := map[string]string{
		"bplist01":                  "bplist01" + binaryOf(1)[8:],
		"bplist0 and any byte":      "bplist0\xff" + binaryOf(1)[8:],
		"references of 8 bytes":     binaryOf(8),
		"references of 16 bytes":    binaryOf(16),
		"binary, other value bad":   string(binaryDocument(1, "\xd2\x01\x03\x02\x04", "\x59LoginHook", "\x52/x", "\x51a", "\xc0")),
		"binary, other key bad":     string(binaryDocument(1, "\xd2\x03\x01\x03\x02", "\x59LoginHook", "\x52/x", "\x10\x01")),
		"binary, key twice":         string(binaryDocument(1, "\xd2\x01\x01\x03\x02", "\x59LoginHook", "\x52/x", "\x52/y")),
		"UTF-16, little":            wide(2, true, "\xff\xfe", "<plist>"+dict+"</plist>"),
		"UTF-16, big":               wide(2, false, "\xfe\xff", "<plist>"+dict+"</plist>"),
		"UTF-16 without a mark":     wide(2, true, "", "<plist>"+dict+"</plist>"),
		"UTF-16, old-style":         wide(2, false, "\xfe\xff", "{LoginHook=\"/x\";}"),
		"UTF-32, little":            wide(4, true, "\xff\xfe\x00\x00", "<plist>"+dict+"</plist>"),
		"UTF-32, big":               wide(4, false, "\x00\x00\xfe\xff", dict),
		"UTF-7":                     `<?xml-x encoding="UTF-7"?>+ADw-dict><key>+AEwAbwBnAGkAbg-Hook</key><string>/x</string></dict>`,
		"Latin 1":                   `<?xml version="1.0" encoding="ISO-8859-1"?><!-- ` + "\xe9 -->" + dict,
		"Shift_JIS":                 `<?xml version="1.0" encoding="Shift_JIS"?>` + dict,
		"attribute":                 `<plist><dict a="b"><key c='/'>LoginHook</key><string d>/x</string></dict></plist>`,
		"attribute that ends a tag": `<plist><dict><key a=">Login&#72;ook</key><string>/x</string></dict></plist>`,
		"root is no plist":          dict,
		"empty comment":             "<!----><?x --><plist>" + dict + "</plist>?><plist><dict/></plist>",
		"empty comment, older":      "<!---->" + dict + "<!-- -->",
		"key twice":                 "<dict><key>LoginHook</key><string>/y</string><key>LoginHook</key><string>/x</string></dict>",
		"key for a value":           "<dict><key>LoginHook</key><key>/x</key></dict>",
		"CDATA and references":      "<dict><key>Lo<![CDATA[gin]]>&#72;o&#x6F;k</key><string>/x</string></dict>",
		"reference over 16 bits":    "<dict><key>Login&#65608;ook</key><string>/x</string></dict>",
		"document type":             `<!DOCTYPE plist SYSTEM "a>` + dict,
		"internal declarations":     `<!DOCTYPE plist [<!ENTITY a "b">]><plist>` + dict + "</plist>",
		"bad number beside it":      "<dict><key>a</key><integer>x</integer><key>LoginHook</key><string>/x</string></dict>",
		"text behind the root":      dict + "x",
		"true without an end":       "<dict><key>a</key><true><key>LoginHook</key><string>/x</string></dict>",
		"deep beside it":            "<dict><key>a</key>" + strings.Repeat("<array>", 500) + strings.Repeat("</array>", 500) + "<key>LoginHook</key><string>/x</string></dict>",
		"100,000 values beside it":  "<dict><key>a</key><array>" + strings.Repeat("<true/>", 100_000) + "</array><key>LoginHook</key><string>/x</string></dict>",
		"old-style":                 `{ "LoginHook" = "/x"; }`,
		"strings file":              `LoginHook = "/x";`,
		"strings file, comment":     "/* a */ LoginHook = '/x'; // b",
		"strings file, more":        `LoginHook = "/x"; * a`,
		"strings file, binary mark": `bplist00; LoginHook = "/x"; * and the rest is long enough to hold a trailer`,
		"escapes":                   `{"\114oginH\U006fok"="/x";}`,
		"old-style, key twice":      `{LoginHook=/y;LoginHook=/x;}`,
		"unknown encoding":          `<?xml version="1.0" encoding="x-none"?>` + dict,
		"EBCDIC":                    `<?xml version="1.0" encoding="IBM037"?>` + dict,
		"cut short":                 "<plist><dict><key>LoginHook</key><string>/x</string>",
		"another encoding's zeros":  wide(2, true, "", "<plist>"+dict),
	}
	return forms
}

func isX(f Found) bool { return reflect.DeepEqual(f.Values["LoginHook"], []any{"/x"}) }

// TestFindForms holds that the hook is found in every form with its value, and that it is certain
// unless the form is listed.
func TestFindForms(t *testing.T) {
	uncertain := []string{
		"binary, key twice", "empty comment", "empty comment, older", "reference over 16 bits", "internal declarations",
		"unknown encoding", "EBCDIC", "cut short", "another encoding's zeros",
	}
	failing := []string{"internal declarations", "empty comment, older", "unknown encoding", "EBCDIC", "cut short", "another encoding's zeros"}
	for name, doc := range hookForms() {
		got, err := Find([]byte(doc), hookKeys...)
		if !isX(got) || len(got.Values) != 1 {
			t.Errorf("%s: Find(%.200q) = %v, %v; want LoginHook = /x", name, doc, got.Values, err)
		}
		if want := slices.Contains(uncertain, name); got.Uncertain != want {
			t.Errorf("%s: Find(%.200q): uncertain %v, want %v (error %v)", name, doc, got.Uncertain, want, err)
		}
		if want := slices.Contains(failing, name); (err != nil && !errors.Is(err, ErrTrailing)) != want {
			t.Errorf("%s: Find(%.200q): error %v, want one: %v", name, doc, err, want)
		}
	}
}

// TestFindNothing has documents without a hook, some of which look as if there was one.
func TestFindNothing(t *testing.T) {
	for name, doc := range map[string]string{
		"another case":                  "<dict><key>loginhook</key><string>/x</string></dict>",
		"deeper":                        "<dict><key>a</key><dict><key>LoginHook</key><string>/x</string></dict></dict>",
		"in an array":                   "({LoginHook=/x;})",
		"nothing but blanks, and zeros": " \x00\n\x00",
		"in a comment":                  "<!-- <key>LoginHook</key><string>/x</string> --><dict/>",
		"in a value":                    "<dict><key>LoginwindowText</key><string>LoginHook = /x;</string></dict>",
		"longer":                        "{XLoginHook=/x;LoginHookX=/y;}",
		"old-style, deeper":             "{a={LoginHook=/x;};}",
		"nothing but blanks":            " \n",
		"in the nested plist":           "<dict><key>a</key><plist><dict><key>LoginHook</key><string>/x</string></dict></plist></dict>",
	} {
		got, err := Find([]byte(doc), hookKeys...)
		if name == "in an array" {
			if err == nil || len(got.Values) != 1 {
				t.Errorf("%s: Find(%q) = %v, %v; want an error and a guess", name, doc, got, err)
			}
			continue
		}
		if err != nil || len(got.Values) > 0 || got.Uncertain {
			t.Errorf("%s: Find(%q) = %v, uncertain %v, %v; want nothing", name, doc, got.Values, got.Uncertain, err)
		}
	}
}

// TestSearcher finds a hook at every place of a large document, in pieces of any size.
func TestSearcher(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, doc := range map[string]string{
		"XML":      "<key>LoginHook</key><string>/x</string>",
		"text":     `LoginHook = "/x";`,
		"UTF-16":   "L\x00o\x00g\x00i\x00n\x00H\x00o\x00o\x00k\x00=\x00/\x00x\x00;\x00",
		"UTF-7":    "+AEwAbw-gin+AEg-ook+AD0-/x;",
		"escapes":  `"\114oginH\U006fok" = "/x";`,
		"refs":     "<key>Login&#65608;ook</key><string>/x</string>",
		"at a gap": "<key>LoginHook</key>" + strings.Repeat(" ", maxGap/2) + "<string>/x</string>",
	} {
		for range 40 {
			before := r.IntN(3 * searchWindow)
			all := strings.Repeat(" ", before) + doc + strings.Repeat(" ", r.IntN(2*searchWindow))
			s := NewSearcher(hookKeys...)
			for rest := all; rest != ""; {
				n := min(len(rest), 1+r.IntN(searchWindow))
				s.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if got := s.Found(); !isX(got) || !got.Uncertain {
				t.Errorf("%s: behind %d blanks: got %v, uncertain %v; want LoginHook = /x, uncertain", name, before, got.Values, got.Uncertain)
			}
		}
	}
}

// TestFindPolyglot has a document that is binary without a hook for who does not look at other keys, and
// a strings file with one for CoreFoundation, which does, and finds an object there that is none.
func TestFindPolyglot(t *testing.T) {
	b := []byte("bplist0;LoginHook=/x;\n*")
	top := byte(len(b))
	b = append(b, "\xd1\x80\x01\x00\x01\x51a\x0f"...) // object 0x8001 is a key, object 1 its value
	table := uint64(len(b))
	const objects = 0xc280 // all numbers are such that the whole is UTF-8
	offsets := bytes.Repeat([]byte{top}, objects)
	offsets[1], offsets[0x8001] = top+7, top+5
	b = append(append(b, offsets...), trailer(1, 2, objects, 0, table)...)
	if !utf8.Valid(b) {
		t.Fatalf("%.50q is not UTF-8", b)
	}
	if got, err := Find(b, hookKeys...); !isX(got) || !got.Uncertain {
		t.Errorf("Find(%.50q) = %v, uncertain %v, %v; want LoginHook = /x, uncertain", b, got.Values, got.Uncertain, err)
	}
}
