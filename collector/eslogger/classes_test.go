package eslogger

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// plainly runs f without the instructions that look at many bytes together.
func plainly(f func()) {
	defer func(before bool) { wide = before }(wide)
	wide = false
	f()
}

// classesOf is what classify does, a byte at a time.
func classesOf(text []byte, inside bool) ([]classes, bool) {
	all, plain := make([]classes, len(text)/classBytes), true
	for i, b := range text {
		c, bit := &all[i/classBytes], uint64(1)<<(i%classBytes)
		if b < ' ' || i > 0 && text[i-1] == '\\' && b != '/' {
			plain = false
		}
		if b == '"' {
			inside = !inside
		}
		if inside {
			c.strings |= bit
			continue
		}
		switch {
		case b == ',':
			c.commas |= bit
		case b == ':':
			c.colons |= bit
		case b == '}' || b == ']':
			c.closers |= bit
		case '0' <= b && b <= '9':
			c.digits |= bit
		}
		if b == '-' || b == '0' {
			c.signs |= bit
		}
	}
	return all, plain
}

func TestClassify(t *testing.T) {
	if !wide {
		t.Log("this processor has no instructions for it")
		return
	}
	r := rand.New(rand.NewPCG(2, 3))
	const likely = `{}[],:"\/-+0123456789aé .` + "\n\x00\x1f\x7f\x80\xff"
	for n := range 20_000 {
		text := make([]byte, r.IntN(10)*classBytes)
		for i := range text {
			switch text[i] = likely[r.IntN(len(likely))]; {
			case n%3 == 0:
				text[i] = byte(r.Uint32())
			case n%3 == 1 && (text[i] == '\\' || text[i] < ' '): // mostly without what is not plain
				text[i] = 'x'
			}
		}
		checkClasses(t, text, n%2 == 0)
	}
	// Every byte, at every place.
	for b := range 256 {
		text := make([]byte, 2*classBytes)
		for i := range text {
			for k := range text {
				text[k] = ' '
			}
			text[i] = byte(b)
			checkClasses(t, text, false)
		}
	}
}

func checkClasses(t *testing.T, text []byte, inside bool) {
	t.Helper()
	start := uint64(0)
	if inside {
		start = ^uint64(0)
	}
	want, plain := classesOf(text, inside)
	got := make([]classes, len(want)+1)
	guard := classes{1, 2, 3, 4, 5, 6}
	got[len(want)] = guard
	first := append(text, 0)[:1] // of no text too
	if p := classify(&first[0], &got[0], len(want), start); p != plain {
		t.Fatalf("%q: got plain %v, want %v", text, p, plain)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%q inside %v: bytes from %d: got %064b, want %064b", text, inside, i*classBytes, got[i], want[i])
		}
	}
	if got[len(want)] != guard {
		t.Fatalf("%q: wrote behind the end", text)
	}
}

// flatValues makes what skipFlat and flatStrings are for, mostly, and damages it.
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

// TestSkipFlat compares skipFlat with the reader of all of JSON: it may leave an object,
// but what it takes it must take alike.
func TestSkipFlat(t *testing.T) {
	g := &flatValues{rand.New(rand.NewPCG(4, 5))}
	taken, valid := 0, 0
	for range *randomLines {
		b, i := g.damaged(g.object())
		got := skipFlat(b, i, flatBlocks)
		want := 0
		plainly(func() { want = skipValue(b, i, 1) })
		if want >= 0 {
			valid++
		}
		if got < 0 {
			continue
		}
		taken++
		if got != want || !json.Valid(b[i:got]) {
			t.Fatalf("%q from %d: got %d, want %d", b, i, got, want)
		}
	}
	t.Logf("%d of %d valid objects skipped", taken, valid)
	if wide && taken < valid/4 {
		t.Errorf("got %d of %d valid objects skipped, want most of those followed by enough", taken, valid)
	}
}

// TestFlatStrings compares arrays read with and without flatStrings.
func TestFlatStrings(t *testing.T) {
	g := &flatValues{rand.New(rand.NewPCG(6, 7))}
	taken := 0
	for n := range *randomLines {
		b, i := g.damaged(g.array())
		keep := allowed
		if n%2 == 0 {
			keep = nil
		}
		read := func() (list [][]byte, there bool, next, odd int) {
			d := &Decoder{line: b, ahead: b, arena: make([]byte, 0, len(b)+8)}
			list, there, next = d.strings(i, nil, keep)
			return list, there, next, d.odd
		}
		if wide && i < len(b) && b[i] == '[' {
			d := &Decoder{line: b, ahead: b, arena: make([]byte, 0, len(b)+8)}
			if _, next := d.flatStrings(i, nil, keep); next >= 0 {
				taken++
			}
		}
		got, gotThere, gotNext, gotOdd := read()
		plainly(func() {
			want, there, next, odd := read()
			if gotThere != there || gotNext != next || next >= 0 && (gotOdd != odd || !same(got, want)) {
				t.Fatalf("%q from %d: got %q %v %d odd %d, want %q %v %d odd %d", b, i, got, gotThere, gotNext, gotOdd, want, there, next, odd)
			}
		})
	}
	t.Logf("%d arrays read", taken)
	if wide && taken == 0 {
		t.Error("no array was read the fast way")
	}
}

func same(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if string(a[i]) != string(b[i]) {
			return false
		}
	}
	return true
}
