package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestScanDoc(t *testing.T) {
	const rest = `,"rule":{"id":"r","uuid":"u"},"@timestamp":"2026-03-04T05:00:00Z"}`
	for _, tc := range []struct {
		name, line, id string
		ok             bool
	}{
		{"as we write it", strings.TrimSuffix(logDoc("a", 0, 1, 47, "r"), "\n"), "a", true},
		{"other order", `{"x":[1,-2.5e+7,true,false,null,"",{}],"event":{"sequence":2,"id":"a","created":"2026"}` + rest, "a", true},
		{"blanks", `  { "event" : { "id" : "a" , "x" : [ 1 , [ ] ] } ` + rest + " ", "a", true},
		{"escapes", `{"event":{"id":"a\u0041\"\\\n"}` + rest, "aA\"\\\n", true},
		{"in a text", `{"message":"\"event\":{\"id\":\"b\"}","event":{"id":"a"}` + rest, "a", true},
		{"event twice", `{"event":{"id":"b"}` + rest[:len(rest)-1] + `,"event":{"id":"a"}}`, "", false},
		{"another id", `{"host":{"id":"b"},"event":{"id":"a"},"user":{"id":"c"}}`, "a", true},
		{"no id", `{"event":{}` + rest, "", false},
		{"no event", `{"id":"a"` + rest, "", false},
		{"id is no text", `{"event":{"id":7}` + rest, "", false},
		{"severity is no number", `{"event":{"id":"a","severity":"x"}` + rest, "", false},
		{"event is no object", `{"event":["id","a"]` + rest, "", false},
		{"not an object", `["event"]`, "", false},
		{"empty", ``, "", false},
		{"more behind", `{"event":{"id":"a"}` + rest + "x", "", false},
		{"tab", `{"event":{"id":"a	"}` + rest, "", false},
		{"bad escape", `{"event":{"id":"a\x"}` + rest, "", false},
		{"bad number", `{"event":{"id":"a"},"x":01` + rest, "", false},
		{"bad word", `{"event":{"id":"a"},"x":nul` + rest, "", false},
		{"comma at the end", `{"event":{"id":"a",}` + rest, "", false},
		{"deep", `{"event":{"id":"a"},"x":` + strings.Repeat("[", maxNested-1) + strings.Repeat("]", maxNested-1) + rest, "a", true},
		{"too deep", `{"event":{"id":"a"},"x":` + strings.Repeat("[", 10*maxNested) + strings.Repeat("]", 10*maxNested) + rest, "", false},
	} {
		h, err := checkDoc([]byte(tc.line))
		if ok := err == nil; ok != tc.ok || ok && string(h.id) != tc.id {
			t.Errorf("%s: got id %q, error %v; want id %q, %v, of %s", tc.name, h.id, err, tc.id, tc.ok, tc.line)
		}
	}
}

// TestScanDocPublished reads a whole alert, and refuses it cut after every byte.
func TestScanDocPublished(t *testing.T) {
	for _, name := range []string{"sample.json", "full.json"} {
		text, err := os.ReadFile("../pkg/alert/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		line := bytes.TrimSpace(text)
		if _, err := checkDoc(line); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := range line {
			if _, err := checkDoc(line[:n]); err == nil {
				t.Errorf("%s cut to %d bytes: got no error, want one", name, n)
			}
		}
	}
}

// TestLogLines reads random lines, short ones and ones around the bounds, in both
// directions.
func TestLogLines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	lengths := []int{0, 0, 1, 2, 3000, 5000, logBlock - 1, logBlock, maxLogLine - 1, maxLogLine, maxLogLine + 1, maxLogLine + logBlock, 2*maxLogLine + logBlock + 7}
	for round := range 40 {
		var text []byte
		var want []string
		for range 1 + random.IntN(12) {
			line := bytes.Repeat([]byte{byte('a' + random.IntN(26))}, lengths[random.IntN(len(lengths))])
			if len(line) > 0 {
				want = append(want, shortLine(logLine{text: line, at: int64(len(text)), whole: true}, len(line)))
			}
			text = append(append(text, line...), '\n')
		}
		r, size := bytes.NewReader(text), int64(len(text))
		var back, ahead []string
		for b := newBackward(r, size); ; {
			l, err := b.next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, shortLine(l, len(l.text)))
		}
		slices.Reverse(back)
		f := forwards{r: r}
		if _, rest, err := f.read(t.Context(), 0, size, func(l logLine) error {
			ahead = append(ahead, shortLine(l, len(l.text)))
			return nil
		}); err != nil || len(rest) != 0 {
			t.Fatalf("got rest of %d bytes, error %v", len(rest), err)
		}
		if !slices.Equal(back, want) || !slices.Equal(ahead, want) {
			t.Errorf("round %d: got backwards %v, forwards %v; want %v", round, back, ahead, want)
		}
	}
}

// shortLine is a line by its place, first letter and length, or that it is too long.
func shortLine(l logLine, n int) string {
	if l.err != nil || n > maxLogLine {
		return fmt.Sprintf("%d long", l.at)
	}
	return fmt.Sprintf("%d %c %d", l.at, l.text[0], n)
}

// FuzzAlertLog has any bytes as a log: every way to read it ends, agrees with the others,
// and gives valid JSON only.
func FuzzAlertLog(f *testing.F) {
	doc := logDoc("abc", 0, 1, 47, "x")
	for _, s := range []string{
		"", "\n", doc, doc + doc[:20], doc[:20] + doc, `{"event":{"kind":"alert","id":"abc\u0000"}}` + "\n", "{}\n", "null\n[]\n",
		`{"event":{"kind":"alert","id":"a","id":"abc"}}` + "\n", strings.Repeat("[", 300) + "\n", "\xff\x00\n" + doc,
		`{"event":{"kind":"alert","id":"abc","sequence":99999999999999999999}}` + "\n", `{"@timestamp":"9999999","event":{"kind":"alert","id":"abc"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l := openLogs(t, writeLog(t, filepath.Join(t.TempDir(), "log"), string(text)))
		ids, n := map[string]bool{}, 0
		show := func(line []byte) error {
			h, err := checkDoc(line)
			if n++; err != nil || !json.Valid(line) || ids[string(h.id)] {
				t.Errorf("listed: %q, error %v", line, err)
			}
			ids[string(h.id)] = true
			return nil
		}
		if _, err := l.List(t.Context(), AlertFilter{}, 0, show); err != nil {
			t.Fatal(err)
		}
		if some, _ := listed3(t, l); some != min(n, 3) {
			t.Errorf("with a limit of 3: got %d of %d", some, n)
		}
		matches, err := l.Find(t.Context(), "abc")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range matches {
			if !strings.HasPrefix(m.ID, "abc") || len(m.Lines) == 0 || !ids[m.ID] {
				t.Errorf("found %+v, which is not listed", m)
			}
		}
		followed := 0
		o := AlertFollow{Show: func([]byte) error { followed++; return nil }, Note: func(string) {}}
		if err := o.Stream(t.Context(), "fuzz", bytes.NewReader(text)); err != nil || followed < n {
			t.Errorf("followed %d, error %v; listed %d", followed, err, n)
		}
	})
}

func listed3(t *testing.T, l *AlertLog) (n int, err error) {
	_, err = l.List(t.Context(), AlertFilter{}, 3, func([]byte) error { n++; return nil })
	return n, err
}
