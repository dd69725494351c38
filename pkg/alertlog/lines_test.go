package alertlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hooksnare/pkg/alert"
)

// TestLines reads random lines, short ones and ones around the bound.
func TestLines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	lengths := []int{0, 0, 1, 2, 3000, 5000, maxLine - 1, maxLine, maxLine + 1, 2 * maxLine, 3*maxLine + 7}
	for round := range 40 {
		var text []byte
		var want []string
		for range 1 + random.IntN(12) {
			line := bytes.Repeat([]byte{byte('a' + random.IntN(26))}, lengths[random.IntN(len(lengths))])
			if len(line) > maxLine {
				want = append(want, fmt.Sprintf("%d long", len(text)))
			} else if len(line) > 0 {
				want = append(want, fmt.Sprintf("%d %c %d", len(text), line[0], len(line)))
			}
			text = append(append(text, line...), '\n')
		}
		var got []string
		for r := newLineReader(bytes.NewReader(text), 0); ; {
			l, err := r.nextLine()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.err != nil {
				got = append(got, fmt.Sprintf("%d long", l.at))
			} else {
				got = append(got, fmt.Sprintf("%d %c %d", l.at, l.text[0], len(l.text)))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("round %d: got %v; want %v", round, got, want)
		}
	}
}

// FuzzLog has any bytes as a log: every way to read it ends, agrees with the others,
// and gives valid JSON only.
func FuzzLog(f *testing.F) {
	doc := logDoc("abc", 0, 1, 47, "x")
	for _, s := range []string{
		"", "\n", doc, doc + doc[:20], doc[:20] + doc, `{"event":{"kind":"alert","id":"abc\u0000"}}` + "\n", "{}\n", "null\n[]\n",
		`{"event":{"kind":"alert","id":"a","id":"abc"}}` + "\n", strings.Repeat("[", 300) + "\n", "\xff\x00\n" + doc,
		`{"event":{"kind":"alert","id":"abc","sequence":99999999999999999999}}` + "\n", `{"event":{"kind":"alert","id":"abc","sequence":-9223372036854775808}}` + "\n", `{"@timestamp":"9999999","event":{"kind":"alert","id":"abc"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l := openLogs(t, writeLog(t, filepath.Join(t.TempDir(), "log"), string(text)))
		ids, n := map[string]bool{}, 0
		show := func(line []byte) error {
			h, err := alert.ParseHead(line)
			if n++; err != nil || !json.Valid(line) || ids[h.ID] {
				t.Errorf("listed: %q, error %v", line, err)
			}
			ids[h.ID] = true
			return nil
		}
		if _, err := l.List(t.Context(), Filter{}, 0, show); err != nil {
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
			if !strings.HasPrefix(m.ID, "abc") || len(m.Documents) == 0 || !ids[m.ID] {
				t.Errorf("found %+v, which is not listed", m)
			}
		}
		if v, err := l.Verify(t.Context()); err != nil || v.OK() && n > v.Verdict.Documents {
			t.Errorf("verified as %+v, error %v; listed %d", v, err, n)
		}
		followed := 0
		o := Follow{Show: func([]byte) error { followed++; return nil }, Note: func(string) {}}
		if err := o.Stream(t.Context(), "fuzz", bytes.NewReader(text)); err != nil || followed < n {
			t.Errorf("followed %d, error %v; listed %d", followed, err, n)
		}
	})
}

func listed3(t *testing.T, l *Log) (n int, err error) {
	_, err = l.List(t.Context(), Filter{}, 3, func([]byte) error { n++; return nil })
	return n, err
}
