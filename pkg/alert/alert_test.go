package alert

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

func line(t testing.TB, a *Alert) []byte {
	t.Helper()
	b, err := a.Line()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLine(t *testing.T) {
	golden(t, "sample.json", append(line(t, sample()), '\n'))
	golden(t, "full.json", append(line(t, full("a text")), '\n'))
	golden(t, "least.json", append(line(t, &Alert{}), '\n'))
}

// TestAbsent holds that an alert with nothing in it has no member that is empty: only those
// that every alert has are there.
func TestAbsent(t *testing.T) {
	var a any
	if err := json.Unmarshal(line(t, &Alert{Hooksnare: &Hooksnare{}, Process: &Process{}, User: &User{}}), &a); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	members(a, "", got)
	want := []string{
		"agent.type", "ecs.version", "event.id", "event.kind", "event.module", "event.risk_score", "event.sequence", "event.severity", "host.os.type",
		"message", "process.pid", "rule.id", "rule.name", "rule.uuid", "user.id",
	}
	if names := sorted(got); !slices.Equal(names, want) {
		t.Errorf("got %v\nwant %v", names, want)
	}
}

// members collects the dotted names of an object's values.
func members(v any, name string, to map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			members(member, strings.TrimPrefix(name+"."+key, "."), to)
		}
	case []any:
		for _, e := range v {
			members(e, name, to)
		}
	default:
		to[name] = true
	}
}

func sorted(set map[string]bool) []string {
	var out []string
	for name := range set {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// fieldsOfECS are the names of the Elastic Common Schema 9.4 that alerts use, as its
// reference lists them. A parent process has what a process has.
var fieldsOfECS = strings.Fields(`
@timestamp message ecs.version
event.kind event.category event.type event.action event.id event.sequence event.module event.severity event.risk_score event.created
event.start event.end
rule.id rule.uuid rule.name rule.version rule.description rule.reference rule.author rule.license
threat.framework threat.tactic.id threat.tactic.name threat.tactic.reference threat.technique.id threat.technique.name
threat.technique.reference threat.technique.subtechnique.id threat.technique.subtechnique.name threat.technique.subtechnique.reference
agent.type agent.version agent.ephemeral_id device.serial_number labels.site
host.id host.name host.hostname host.architecture host.os.type host.os.name host.os.version host.boot.id
user.id user.name
file.path file.name file.directory
process.pid process.entity_id process.executable process.name process.args process.args_count process.command_line
process.working_directory process.start process.hash.cdhash process.previous.executable
process.code_signature.exists process.code_signature.signing_id process.code_signature.team_id process.code_signature.trusted
process.user.id process.user.name process.real_user.id process.real_user.name process.group.id process.group.name
process.group_leader.pid process.session_leader.pid
`)

// fieldsBeside are the names that are not of that schema: its vendor's for endpoints, and
// the product's own.
var fieldsBeside = strings.Fields(`
process.tty.name process.Ext.ancestry host.os.build
hooksnare.verdict hooksnare.signals hooksnare.remediation hooksnare.latency_ms hooksnare.truncated
hooksnare.hook.operation hooksnare.hook.key hooksnare.hook.value hooksnare.hook.domain hooksnare.hook.plist hooksnare.hook.scope
hooksnare.hook.tool hooksnare.hook.verb hooksnare.hook.source hooksnare.hook.source_file
hooksnare.evidence.login_user.id hooksnare.evidence.login_user.name hooksnare.evidence.redacted
hooksnare.evidence.lineage.pid hooksnare.evidence.lineage.entity_id hooksnare.evidence.lineage.time hooksnare.evidence.lineage.executable
hooksnare.evidence.lineage.command_line hooksnare.evidence.lineage.user.id hooksnare.evidence.lineage.user.name
hooksnare.evidence.recent.pid hooksnare.evidence.recent.entity_id hooksnare.evidence.recent.time hooksnare.evidence.recent.executable
hooksnare.evidence.recent.command_line hooksnare.evidence.recent.user.id hooksnare.evidence.recent.user.name
hooksnare.program.arguments hooksnare.program.exists hooksnare.program.excerpt hooksnare.program.kind hooksnare.program.mode
hooksnare.program.shadowed_by hooksnare.change.previous.shadowed_by hooksnare.program.not_watched hooksnare.change.previous.not_watched
hooksnare.program.parts.path hooksnare.program.parts.exists hooksnare.program.parts.type hooksnare.program.parts.sha256 hooksnare.program.parts.writable_by_others
hooksnare.change.previous.parts.path hooksnare.change.previous.parts.exists hooksnare.change.previous.parts.type hooksnare.change.previous.parts.sha256 hooksnare.change.previous.parts.writable_by_others
hooksnare.program.modified hooksnare.program.owner hooksnare.program.path hooksnare.program.resolved hooksnare.program.risks
hooksnare.program.sha256 hooksnare.program.shebang hooksnare.program.signing.id hooksnare.program.signing.team_id hooksnare.program.size
hooksnare.program.type hooksnare.program.unread hooksnare.program.writable_at hooksnare.program.writable_by_others hooksnare.program.kept_at
hooksnare.change.since hooksnare.change.what hooksnare.delivery.chain hooksnare.delivery.sequence hooksnare.delivery.previous hooksnare.unreadable.path hooksnare.unreadable.why hooksnare.unreadable.detail hooksnare.unreadable.active
hooksnare.unreadable.sha256 hooksnare.unreadable.size hooksnare.unreadable.excerpt hooksnare.unreadable.kept_at hooksnare.uncertain
hooksnare.change.previous.arguments hooksnare.change.previous.exists hooksnare.change.previous.excerpt hooksnare.change.previous.kind
hooksnare.change.previous.mode hooksnare.change.previous.modified hooksnare.change.previous.owner hooksnare.change.previous.path
hooksnare.change.previous.resolved hooksnare.change.previous.risks hooksnare.change.previous.sha256 hooksnare.change.previous.shebang
hooksnare.change.previous.signing.id hooksnare.change.previous.signing.team_id hooksnare.change.previous.size hooksnare.change.previous.type
hooksnare.change.previous.unread hooksnare.change.previous.writable_at hooksnare.change.previous.writable_by_others
hooksnare.change.previous.kept_at hooksnare.hook.previous_value hooksnare.reason hooksnare.evidence.set_by
hooksnare.triage.program_age_seconds hooksnare.triage.known_good
hooksnare.triage.recent_packages.name hooksnare.triage.recent_packages.time hooksnare.triage.recent_preferences.name hooksnare.triage.recent_preferences.time
hooksnare.triage.same_tree.pid hooksnare.triage.same_tree.entity_id hooksnare.triage.same_tree.time hooksnare.triage.same_tree.executable
hooksnare.triage.same_tree.command_line hooksnare.triage.same_tree.user.id hooksnare.triage.same_tree.user.name
hooksnare.building_block
hooksnare.match.events.pid hooksnare.match.events.entity_id hooksnare.match.events.time hooksnare.match.events.executable
hooksnare.match.events.command_line hooksnare.match.events.user.id hooksnare.match.events.user.name
hooksnare.exception.id hooksnare.exception.failed
hooksnare.repeat.count hooksnare.repeat.first hooksnare.repeat.last
hooksnare.held_back.count hooksnare.held_back.max_signals hooksnare.held_back.first hooksnare.held_back.last
hooksnare.held_back.share hooksnare.held_back.rules.rule_id hooksnare.held_back.rules.count
hooksnare.held_back.newest.rule_id hooksnare.held_back.newest.severity hooksnare.held_back.newest.file hooksnare.held_back.newest.key hooksnare.held_back.newest.value hooksnare.held_back.newest.user_id
hooksnare.held_back.severest.rule_id hooksnare.held_back.severest.severity hooksnare.held_back.severest.file hooksnare.held_back.severest.key hooksnare.held_back.severest.value hooksnare.held_back.severest.user_id
hooksnare.evidence.candidates.pid hooksnare.evidence.candidates.entity_id hooksnare.evidence.candidates.time hooksnare.evidence.candidates.executable hooksnare.evidence.candidates.command_line
hooksnare.evidence.candidates.user.id hooksnare.evidence.candidates.user.name
hooksnare.health.state hooksnare.health.detail hooksnare.health.meaning hooksnare.health.remedy hooksnare.health.active hooksnare.health.since hooksnare.health.until
`)

// TestNames holds every name of an alert: no other is there, and none is missing.
func TestNames(t *testing.T) {
	var a any
	if err := json.Unmarshal(line(t, full("x")), &a); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	members(a, "", all)
	got := map[string]bool{}
	for name := range all {
		for _, inner := range [...]string{"process.parent.", "process.Ext.effective_parent."} {
			if strings.HasPrefix(name, inner) {
				name = "process." + strings.TrimPrefix(name, inner)
			}
		}
		got[name] = true
	}
	want := slices.Sorted(slices.Values(slices.Concat(fieldsOfECS, fieldsBeside)))
	if names := sorted(got); !slices.Equal(names, want) {
		for _, name := range names {
			if !slices.Contains(want, name) {
				t.Errorf("%s: is there, and on no list", name)
			}
		}
		for _, name := range want {
			if !got[name] {
				t.Errorf("%s: is on a list, and not there", name)
			}
		}
	}
	if !all["process.parent.executable"] || !all["process.Ext.effective_parent.executable"] {
		t.Error("there is no parent, or no effective one")
	}
}

func TestEscape(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "az09 ~", "az09 ~"},
		{"of languages", "é ß 漢 Ω ע", "é ß 漢 Ω ע"},
		{"beyond 16 bits", "\U0001f600 \U00020000", "\U0001f600 \U00020000"},
		{"DEL", "a\x7fb", `a\u007fb`},
		{"C1", "\u0080\u0085\u009b\u009f", `\u0080\u0085\u009b\u009f`},
		{"after C1", "\u00a1", "\u00a1"},
		{"blanks", "\u00a0\u2003\u202f\u3000\u2800", `\u00a0\u2003\u202f\u3000\u2800`},
		{"not seen", "\u034f\u115f\u1160\u17b4\u180b\u3164\uffa0\ufe0f\U000e0100", `\u034f\u115f\u1160\u17b4\u180b\u3164\uffa0\ufe0f\udb40\udd00`},
		{"not assigned, private", "\u0378\ue000\U000f0000", `\u0378\ue000\udb80\udc00`},
		{"soft hyphen", "\u00ad", `\u00ad`},
		{"turns direction", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", `\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069`},
		{"no width", "\u200b\u200c\u200d\u2060\ufeff", `\u200b\u200c\u200d\u2060\ufeff`},
		{"lines", "\u2028\u2029", `\u2028\u2029`},
		{"annotation", "\ufff9\ufffb", `\ufff9\ufffb`},
		{"tags", "\U000e0001\U000e0041\U000e007f", `\udb40\udc01\udb40\udc41\udb40\udc7f`},
		{"music", "\U0001d173", `\ud834\udd73`},
		{"shorthand", "\U0001bca0", `\ud82f\udca0`},
		{"replaced", "\ufffd", "\ufffd"},
	} {
		if got := string(escape([]byte(tc.in))); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
		var back string
		if err := json.Unmarshal([]byte(`"`+string(escape([]byte(tc.in)))+`"`), &back); err != nil || back != tc.in {
			t.Errorf("%s: read back as %q, error %v; want %q", tc.name, back, err, tc.in)
		}
	}
}

// TestLineEscapes has, in one member, what JSON and what this package escapes.
func TestLineEscapes(t *testing.T) {
	a := &Alert{Message: "a\x00\x1b[31m\r\n\t\"\\</&>\x7f\u009b\u202e\xff"}
	want := `"message":"a\u0000\u001b[31m\r\n\t\"\\</&>\u007f\u009b\u202e` + "\ufffd" + `"`
	if got := string(line(t, a)); !strings.Contains(strings.ReplaceAll(got, `\ufffd`, "\ufffd"), want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

// TestLineError has a number that JSON has none for.
func TestLineError(t *testing.T) {
	inf := math.Inf(1)
	a := &Alert{Event: Event{ID: "x"}, Hooksnare: &Hooksnare{LatencyMS: &inf}}
	if got, err := a.Line(); err == nil || got != nil || !strings.HasPrefix(err.Error(), "alert x: ") {
		t.Errorf("got %s, error %v", got, err)
	}
}

func TestAt(t *testing.T) {
	zone := time.FixedZone("x", 3600)
	for _, tc := range []struct {
		in   time.Time
		want string
	}{
		{time.Time{}, "null"},
		{at, `"2026-03-04T05:06:07.089012345Z"`},
		{at.In(zone), `"2026-03-04T05:06:07.089012345Z"`},
		{time.Unix(0, 0), `"1970-01-01T00:00:00.000000000Z"`},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), `"9999-12-31T23:59:59.999999999Z"`},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("x", -3600)), "null"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, zone), `"9999-12-31T23:00:00.000000000Z"`},
		{time.Date(1, 1, 1, 0, 30, 0, 0, zone), "null"},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), "null"},
	} {
		got, err := json.Marshal(At(tc.in))
		if err != nil || string(got) != tc.want {
			t.Errorf("%v: got %s, error %v, want %s", tc.in, got, err, tc.want)
		}
	}
}

// replaced is an alert as it is read back: what is no UTF-8 is replaced, byte by byte.
func replaced(a *Alert) *Alert {
	replace(reflect.ValueOf(a).Elem())
	return a
}

func replace(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(string([]rune(v.String())))
	case reflect.Slice:
		for i := range v.Len() {
			replace(v.Index(i))
		}
	case reflect.Map: // of labels
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.ValueOf(string([]rune(v.MapIndex(key).String()))))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			replace(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Time]() {
			return
		}
		for i := range v.NumField() {
			replace(v.Field(i))
		}
	}
}

// wantBack holds that a line is one, acts on nothing, and is read back as the alert.
func wantBack(t *testing.T, a *Alert) {
	t.Helper()
	b := line(t, a)
	if bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || isEscaped(r) }) {
		t.Errorf("the line has characters that act: %q", b)
	}
	var back Alert
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	if want := replaced(a); !reflect.DeepEqual(&back, want) {
		t.Errorf("read back as %s\nwant %s", show(&back), show(want))
	}
}

func show(a *Alert) string {
	b, err := json.Marshal(a)
	return fmt.Sprintf("%s %v", b, err)
}

func TestReadBack(t *testing.T) {
	wantBack(t, sample())
	wantBack(t, full("a", "\x00\x7f\u009b\u202e\U000e0041\u2028", "\xff\xfe", ""))
}

// hostile are texts that want to be more than text.
var hostile = []string{
	"", "x", "\n", "\r\nHIGH\x1b[2J\x1b]0;x\a", "\"}\n{\"event\":", "\\u0000\\", "\x00\x01\x1f\x7f", "\u0085\u009b31m", "\u202e\u2066abc\u2069",
	"\u2028\u2029", "\U000e0041\U0001d173", "\xff\xc0\x80\xed\xa0\x80", "\ufffd", strings.Repeat("é\"", 500), "%s%n", "  ", "·",
}

func seeds(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+5)%len(hostile)], hostile[(i+11)%len(hostile)])
	}
}

// FuzzLine puts any texts into every member that is a text.
func FuzzLine(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, a, b, c string) { wantBack(t, full(a, b, c)) })
}
