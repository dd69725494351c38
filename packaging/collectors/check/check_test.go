package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// fake is a Mac that writes documents.
type fake struct {
	id, chain string
	sequence  uint64
	previous  string
}

const chainA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// write returns the next document.
func (f *fake) write(at time.Time, more string) string {
	f.sequence++
	previous := ""
	if f.previous != "" {
		previous = fmt.Sprintf(`,"previous":%q`, f.previous)
	}
	line := fmt.Sprintf(`{"@timestamp":%q,"event":{"id":"%s-%d","sequence":1%s,"created":%q},"host":{"id":%q,"name":"name of %s"},"hooksnare":{"delivery":{"chain":%q,"sequence":%d%s}%s}}`,
		at.Format(time.RFC3339Nano), f.id, f.sequence, dataset(more), at.Format(time.RFC3339Nano), f.id, f.id, f.chain, f.sequence, previous, more)
	sum := sha256.Sum256([]byte(line))
	f.previous = hex.EncodeToString(sum[:])
	return line
}

func dataset(more string) string {
	if strings.Contains(more, "heartbeat") {
		return `,"dataset":"hooksnare.heartbeat"`
	}
	return ""
}

const (
	well  = `,"heartbeat":{"healthy":true,"interval_seconds":300}`
	final = `,"heartbeat":{"healthy":true,"final":true,"interval_seconds":300}`
)

// series returns n documents, a heartbeat every five minutes up to noon.
func series(id string, n int) []string {
	f := &fake{id: id, chain: chainA}
	var lines []string
	for i := range n {
		lines = append(lines, f.write(noon.Add(-time.Duration(n-1-i)*5*time.Minute), well))
	}
	return lines
}

func without(lines []string, numbers ...int) []string {
	var out []string
	for i, l := range lines {
		keep := true
		for _, n := range numbers {
			keep = keep && i+1 != n
		}
		if keep {
			out = append(out, l)
		}
	}
	return out
}

func replaced(lines []string, number int, from, to string) []string {
	out := append([]string(nil), lines...)
	out[number-1] = strings.Replace(out[number-1], from, to, 1)
	return out
}

func otlp(lines []string) []string {
	var records []any
	for _, l := range lines {
		records = append(records, map[string]any{"body": map[string]any{"stringValue": l}})
	}
	b, _ := json.Marshal(map[string]any{"resourceLogs": []any{map[string]any{"scopeLogs": []any{map[string]any{"logRecords": records}}}}})
	return []string{string(b)}
}

func splunk(lines []string) (out []string) {
	for _, l := range lines {
		b, _ := json.Marshal(map[string]any{"preview": false, "result": map[string]any{"_raw": l}})
		out = append(out, string(b))
	}
	return out
}

func TestFindings(t *testing.T) {
	ten := series("mac", 10)
	twice := &fake{id: "mac", chain: chainA, sequence: 10, previous: (&fake{}).previous}
	for _, c := range []struct {
		name  string
		lines []string
		args  string
		code  int
		want  []string // of each line of output
		says  string   // in the summary
	}{
		{"well", ten, "", 0, nil, "1 Macs, 10 documents, 0 of them repeats"},
		{"from the middle", ten[4:], "", 0, nil, "6 documents"},
		{"collector's file", otlp(ten), "", 0, nil, "10 documents"},
		{"Splunk's export", splunk(ten), "", 0, nil, "10 documents"},
		{"repeats", append(append([]string{}, ten...), ten[3:]...), "", 0, nil, "17 documents, 7 of them repeats"},
		{"gap", without(ten, 3, 7, 8), "", 1, []string{"mac gap chain " + chainA + ": 3 missing between 1 and 10: 7-8, 3"}, ""},
		{"gap of an output with MinSeverity", without(ten, 3, 7, 8), "-partial", 0, nil, ""},
		{"changed", replaced(ten, 4, "name of mac", "name of you"), "", 1, []string{"broken chain " + chainA + ": 1 documents do not follow from the one before: [5]"}, ""},
		{"two of one number", append(replaced(ten, 10, "name of", "game of"), ten[9]), "", 1, []string{"conflict chain " + chainA + ": 1 numbers have different documents: [10]"}, ""},
		{"silent", ten, "-now 2026-03-04T12:15:01Z", 1, []string{"silent no heartbeat since 2026-03-04T12:00:00Z, 15m1s ago"}, ""},
		{"not yet", ten, "-now 2026-03-04T12:15:00Z", 0, nil, ""},
		{"silent by its own time", ten, "-now newest -silent 1", 0, nil, ""},
		{"longer silence allowed", ten, "-now 2026-03-04T13:00:00Z -silent 13", 0, nil, ""},
		{"ended", append(append([]string{}, ten...), (&fake{id: "mac", chain: chainA, sequence: 10, previous: hash(ten[9])}).write(noon, final)), "-now 2026-03-05T12:00:00Z", 0,
			[]string{"ended it said so at 2026-03-04T12:00:00Z, 24h0m0s ago"}, "0 problems"},
		{"no heartbeat", []string{twice.write(noon, "")}, "", 1, []string{"no_heartbeat documents up to 2026-03-04T12:00:00Z"}, ""},
		{"blind", []string{one(`,"heartbeat":{"healthy":false,"interval_seconds":300,"conditions":[{"state":"gap"},{"state":"no_full_disk_access"}]}`)}, "", 1, []string{"blind gap, no_full_disk_access"}, ""},
		{"unhealthy", []string{one(`,"heartbeat":{"healthy":false,"interval_seconds":300,"conditions":[{"state":"spool_full"}]}`)}, "", 1, []string{"unhealthy spool_full"}, ""},
		{"starting", []string{one(`,"heartbeat":{"healthy":false,"interval_seconds":300,"conditions":[{"state":"starting"}]}`)}, "", 0, []string{"starting no canary had come back at 2026-03-04T12:00:00Z"}, "0 problems"},
		{"starting and more", []string{one(`,"heartbeat":{"healthy":false,"interval_seconds":300,"conditions":[{"state":"starting"},{"state":"not_root"}]}`)}, "", 1, []string{"blind starting, not_root"}, ""},
		{"losing", []string{one(`,"heartbeat":{"healthy":true,"interval_seconds":300,"outputs":[{"name":"siem","healthy":false,"lost":3,"refused":4}]}`)}, "", 1,
			[]string{`losing output "siem": 3 lost, 4 refused`, `output_failing output "siem"`}, ""},
		{"renewed", []string{one(well), (&fake{id: "mac", chain: strings.Repeat("b", 32), sequence: 40}).write(noon, well)}, "", 0, []string{"renewed 2 chains"}, ""},
		{"cloned", []string{one(well), (&fake{id: "other", chain: chainA, sequence: 1}).write(noon, well)}, "", 1, []string{`shared_chain chain ` + chainA + ` is that of "mac" too`}, ""},
		{"no documents", []string{"", "what", "{}", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"intValue":"1"}}]}]}]}`, `{"host":{"id":"x"},"event":{"id":"y"}}`}, "", 1, nil, "0 documents, 0 of them repeats, 0 without a place in a chain; 4 lines or records that are no documents"},
		{"no hash", []string{strings.Replace(one(well), `"sequence":1}`, `"sequence":1,"previous":"zz"}`, 1)}, "", 1, nil, "1 lines or records that are no documents"},
	} {
		args := strings.Fields(c.args)
		var out, errs bytes.Buffer
		code := run(args, strings.NewReader(strings.Join(c.lines, "\n")), &out, &errs, noon.Add(time.Minute))
		got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if out.Len() == 0 {
			got = nil
		}
		ok := code == c.code && len(got) == len(c.want) && strings.Contains(errs.String(), c.says)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.Contains(strings.Join(strings.Fields(got[i]), " "), strings.TrimPrefix(c.want[i], "mac "))
		}
		if !ok {
			t.Errorf("%s: got exit %d\n%s\n%swant exit %d, %q and %q", c.name, code, out.String(), errs.String(), c.code, c.want, c.says)
		}
	}
}

func one(more string) string { return (&fake{id: "mac", chain: chainA}).write(noon, more) }

func hash(line string) string {
	sum := sha256.Sum256([]byte(line))
	return hex.EncodeToString(sum[:])
}

// TestBounds gives more gaps and chains than are remembered: they are counted nevertheless.
func TestBounds(t *testing.T) {
	l := newLedger()
	for _, line := range without(series("mac", 1000), multiples(3, 999)...) {
		parseLine([]byte(line), l.addDocument)
	}
	if got := l.judge(criteria{now: noon, silent: 3}); len(got) != 1 || !strings.Contains(got[0].Detail, "333 missing between 1 and 1000: 999, 996, ") || !strings.HasSuffix(got[0].Detail, "older gaps") {
		t.Errorf("got %+v, want one gap finding with 333 missing", got)
	}
	l = newLedger()
	for i := range maxChains + 5 {
		parseLine([]byte((&fake{id: "mac", chain: fmt.Sprintf("%032x", i)}).write(noon, well)), l.addDocument)
	}
	if got := l.hosts["mac"].chains.Verdict(); len(got.Chains) != maxChains || l.overflow != 5 {
		t.Errorf("got %d chains and %d beyond, want %d and 5", len(got.Chains), l.overflow, maxChains)
	}
}

func multiples(of, most int) (all []int) {
	for n := of; n <= most; n += of {
		all = append(all, n)
	}
	return all
}

func TestLongLines(t *testing.T) {
	l := newLedger()
	ten := series("mac", 3)
	text := ten[0] + "\n" + strings.Repeat("x", 600_000) + "\n" + ten[1] + "\n" + strings.Repeat(" ", 300_000) + "\n" + ten[2]
	if err := l.readLines(strings.NewReader(text), 400_000); err != nil || l.malformed != 1 || l.documents != 3 {
		t.Errorf("got %d documents, %d malformed, %v; want 3 and 1", l.documents, l.malformed, err)
	}
}

func TestHostileText(t *testing.T) {
	line := `{"@timestamp":"2026-03-04T12:00:00Z","event":{"id":"x"},"host":{"id":"\u001b[2J\n\u202e"}}`
	var out, errs bytes.Buffer
	if code := run(nil, strings.NewReader(line), &out, &errs, noon); code != 1 || strings.ContainsAny(strings.TrimSuffix(out.String(), "\n"), "\x1b\n\u202e") || !strings.Contains(out.String(), `\x1b[2J\n\u202e`) {
		t.Errorf("got exit %d and %q, want 1 and the text escaped", code, out.String())
	}
}

func TestUsage(t *testing.T) {
	hosts := filepath.Join(t.TempDir(), "macs")
	if err := os.WriteFile(hosts, []byte("mac\n\n other \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"-now yesterday", 2, "expected a time such as"},
		{"-format xml", 2, "expected -format"},
		{"-silent 0", 2, "-silent 1 or more"},
		{"/nothing/here", 2, "/nothing/here"},
		{"-expect /nothing/here", 2, "/nothing/here"},
		{"-what", 2, "usage: check"},
		{"-expect " + hosts, 1, "1 problems"},
		{"-format ndjson -expect " + hosts, 1, "1 problems"},
	} {
		var out, errs bytes.Buffer
		code := run(strings.Fields(c.args), strings.NewReader(one(well)), &out, &errs, noon)
		if code != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: got exit %d and %q, want %d and %q", c.args, code, errs.String(), c.code, c.says)
		}
		if code == 1 && (strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "other") || !strings.Contains(out.String(), "never_seen")) {
			t.Errorf("%s: got %q, want one line on the Mac that was never seen", c.args, out.String())
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte(one(well)))
	f.Add([]byte(otlp(series("mac", 2))[0]))
	f.Add([]byte(splunk(series("mac", 1))[0]))
	f.Add([]byte(`{"hooksnare":{"delivery":{"sequence":-1}}}`))
	f.Add([]byte(`{"resourceLogs":[{}],"result":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		l := newLedger()
		parseLine(line, l.addDocument)
		parseLine(line, l.addDocument)
		var out bytes.Buffer
		if _, err := printFindings(&out, l.judge(criteria{now: noon, silent: 3}), "text"); err != nil {
			t.Fatal(err)
		}
		for _, b := range out.Bytes() {
			if b < ' ' && b != '\n' || b > '~' {
				t.Fatalf("%q: prints %q", line, out.String())
			}
		}
	})
}

func BenchmarkLine(b *testing.B) {
	lines := series("mac", 1000)
	l := newLedger()
	b.SetBytes(int64(len(lines[0])))
	for i := 0; b.Loop(); i++ {
		parseLine([]byte(lines[i%1000]), l.addDocument)
	}
}
