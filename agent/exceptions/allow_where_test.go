package exceptions

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"hooksnare/agent/document"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

const rootPlist = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"

// alertOf returns the alert about a hook as a receiver reads it.
func alertOf(t testing.TB, key, value, plist string) *alert.Alert {
	t.Helper()
	a := &alert.Alert{Event: alert.Event{ID: "a1"}, Hooksnare: &alert.Hooksnare{}}
	a.Hooksnare.Hook, _ = document.HookOf(&hook.Fact{Operation: hook.Set, Key: key, Value: value, HasValue: true, Plist: plist})
	line, err := a.Line()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = alert.Parse(line); err != nil {
		t.Fatal(err)
	}
	return a
}

// covers reports whether a condition holds for a hook that is set.
func covers(t testing.TB, where, key, value, plist string) bool {
	t.Helper()
	m, err := detect.CheckWhere(where)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	f := &hook.Fact{Operation: hook.Set, Key: key, Value: value, HasValue: true, Plist: plist, Scope: hook.Root}
	r := detect.Record{State: &detect.Observed{}, Fact: f}
	return m.Match(&r)
}

// hostile are values that mean something to some reader on the way.
var hostile = []string{
	"", " ", "/x", "/usr/local/bin/hook.sh -x", `"`, `\`, `\"`, `"""`, `""" or true or """`, `" or true or "`, `x" or hooksnare.hook.key == "LoginHook`,
	"*", "/x*", "/?", "/x\x00y", "\n", "/x\r\n/y", "\t\b\f", "//x /* y */", "`", "$(id)", "/ü", "/u\u0308", "/\u202e", "/\U0001f600", "\u2028", "\u00ad",
	`\u{41}`, `\n`, "%s%n", "]]>", "</string>", "&amp;", "<", "\ufffe", "\uffff", "\ufeff", "null", "true", "/X", "…", "/x…", strings.Repeat("a", 3000),
	strings.Repeat("a", clip.ValueBytes), strings.Repeat("\x01", 600), strings.Repeat("é", 1500), strings.Repeat("x", clip.ValueBytes-1) + "…",
}

// holds checks that the exception of a hook's alert covers the hook, and no other.
func holds(t testing.TB, value string, others ...string) {
	t.Helper()
	h := alertOf(t, hook.LoginHook, value, rootPlist).Hooksnare.Hook
	where, err := whereOf(h)
	if err != nil {
		if utf8.ValidString(value) && !strings.ContainsRune(value, utf8.RuneError) && clip.Text(value, clip.ValueBytes-2*len(`\u0000`)) == value {
			t.Errorf("%.80q: got %v, want a condition", value, err)
		}
		return
	}
	if strings.ContainsFunc(where, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%.80q: got %q, want printable ASCII", value, where)
	}
	if !covers(t, where, hook.LoginHook, value, rootPlist) {
		t.Errorf("%.80q: %s does not cover it", value, where)
	}
	for _, o := range append(others, value+" ", value+"\x00", " "+value, strings.ToUpper(value), value+value, value+"…") {
		if got := covers(t, where, hook.LoginHook, o, rootPlist); got != (o == value) {
			t.Errorf("%.80q: %s covers %.80q: %v", value, where, o, got)
		}
	}
	for _, other := range [][2]string{{hook.LogoutHook, rootPlist}, {hook.LoginHook, "/Library/Preferences/com.apple.loginwindow.plist"}, {hook.LoginHook, ""}, {"", rootPlist}} {
		if covers(t, where, other[0], value, other[1]) {
			t.Errorf("%.80q: %s covers key %q, file %q", value, where, other[0], other[1])
		}
	}
}

func TestWhere(t *testing.T) {
	for _, value := range hostile {
		holds(t, value, hostile...)
	}
}

// TestWhereRandom draws values and their neighbours of what quoting could stumble over.
func TestWhereRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	alphabet := []rune("\"\\*?u{}41n/ \x00\n\r\u0085\u2028é\U0001f600'`%<>&]x…")
	draw := func() string {
		out := make([]rune, rng.IntN(8))
		for i := range out {
			out[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(out)
	}
	for range 2000 {
		holds(t, draw(), draw(), draw())
	}
}

func FuzzWhere(f *testing.F) {
	for i, value := range hostile {
		f.Add(value, hostile[(i+1)%len(hostile)])
	}
	f.Fuzz(func(t *testing.T, value, other string) { holds(t, value, other) })
}

// TestWhereOf has alerts that show less than a hook.
func TestWhereOf(t *testing.T) {
	text := func(s string) *string { return &s }
	tests := []struct {
		name string
		hook alert.Hook
		want string
		err  string
	}{
		{"all", alert.Hook{Key: "LoginHook", Value: text("/x"), Plist: "/p", Domain: "d"}, `hooksnare.hook.key == "LoginHook" and hooksnare.hook.value == "/x" and hooksnare.hook.plist == "/p"`, ""},
		{"no file", alert.Hook{Key: "LoginHook", Value: text("/x"), Domain: "d"}, `hooksnare.hook.key == "LoginHook" and hooksnare.hook.value == "/x" and hooksnare.hook.plist == null and hooksnare.hook.domain == "d"`, ""},
		{"value alone", alert.Hook{Value: text("")}, `hooksnare.hook.key == null and hooksnare.hook.value == "" and hooksnare.hook.plist == null and hooksnare.hook.domain == null`, ""},
		{"no value", alert.Hook{Operation: "import", Key: "LoginHook"}, "", "shows no value of a hook (import)"},
		{"nothing", alert.Hook{}, "", "shows no value of a hook (no operation)"},
		{"bytes that are no text", alert.Hook{Value: text("/x\ufffd")}, "", "hooksnare.hook.value: has bytes that are not known"},
		{"a file of such a name", alert.Hook{Value: text("/x"), Plist: "/Users/\ufffd"}, "", "hooksnare.hook.plist: has bytes that are not known"},
		{"cut", alert.Hook{Value: text(clip.Text(strings.Repeat("x", 9999), clip.ValueBytes))}, "", "hooksnare.hook.value: was cut"},
		{"cut file", alert.Hook{Value: text("/x"), Plist: clip.Path("/" + strings.Repeat("x", 9999))}, "", "hooksnare.hook.plist: was cut"},
	}
	for _, tt := range tests {
		got, err := whereOf(&tt.hook)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %s, %v; want %s, %s", tt.name, got, err, tt.want, tt.err)
		}
	}
}
