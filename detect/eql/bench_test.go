package eql

import "testing"

// fixed is a record as the agent has them: a struct with typed fields.
type fixed struct {
	category, name, os string
	args               []string
}

func BenchmarkMatch(b *testing.B) {
	q, err := Parse(`process where host.os.type == "macos" and process.name == "defaults" and
		process.args : ("LoginHook", "LogoutHook")`, nil)
	if err != nil {
		b.Fatal(err)
	}
	m, err := Compile(q, func(f *fixed) Value { return String(f.category) }, func(name string) (Field[*fixed], bool) {
		f, ok := map[string]Field[*fixed]{
			"host.os.type": func(f *fixed) Value { return String(f.os) },
			"process.name": func(f *fixed) Value { return String(f.name) },
			"process.args": func(f *fixed) Value { return Strings(f.args) },
		}[name]
		return f, ok
	})
	if err != nil {
		b.Fatal(err)
	}
	hit := &fixed{"process", "defaults", "macos", []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/hook"}}
	miss := &fixed{"process", "zsh", "macos", []string{"zsh", "-c", "true"}}
	for name, f := range map[string]*fixed{"hit": hit, "miss": miss} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m.Match(f) != (f == hit) {
					b.Fatal("wrong answer")
				}
			}
		})
	}
}
