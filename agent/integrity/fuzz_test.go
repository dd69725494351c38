package integrity

import "testing"

// FuzzState starts with files in the state folder that no agent wrote, and goes on watching.
func FuzzState(f *testing.F) {
	for _, seed := range []string{"", "{}", "[]", "null", `{"/Library/program":{"sha256":"x","version":{"Mode":-1}}}`,
		`[{"what":"stop","verb":"x","at":"2026-01-01T00:00:00Z"}]`, `{"boot":"boot","started":"0001-01-01T00:00:00Z","ended":"9999-12-31T23:59:59Z"}`} {
		f.Add(seed, seed, seed)
	}
	f.Fuzz(func(t *testing.T, known, accepted, run string) {
		w := newWorld(t)
		w.write("/state/"+seenFile, known)
		w.write("/state/"+acceptedFile, accepted)
		w.write("/state/"+runFile, run)
		w.open()
		ReportStart(w.state, "boot", w.now, w.now, w.report)
		w.pass(2 * patience) // what was wrong is settled by then
		w.got = nil
		w.write(files[0], "another content")
		w.pass(2 * patience)
		if len(w.got) != 1 {
			t.Errorf("a change after that: got %q, want it reported once", w.got)
		}
	})
}
