package eql_test

import (
	"fmt"
	"time"

	"hooksnare/detect/eql"
)

// process is a record that queries look at.
type process struct {
	name string
	args []string
}

// field finds the accessor of a field of a process by its name.
func field(name string) (eql.Field[*process], bool) {
	switch name {
	case "process.name":
		return func(p *process) eql.Value { return eql.String(p.name) }, true
	case "process.args":
		return func(p *process) eql.Value { return eql.Strings(p.args) }, true
	}
	return nil, false
}

func category(*process) eql.Value { return eql.String("process") }

func Example() {
	q, err := eql.Parse(`
process where process.name == "defaults" and
  process.args : ("LoginHook", "LogoutHook")`, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := eql.Compile(q, category, field)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Match(&process{"defaults", []string{"write", "com.apple.loginwindow", "loginhook", "/x"}}))
	fmt.Println(m.Match(&process{"defaults", []string{"read", "com.apple.loginwindow"}}))

	_, err = eql.Parse("process where\n  process.name = \"x\"", nil)
	fmt.Println(err)
	// Output:
	// true
	// false
	// 2:16: unexpected "=": write == (verbatim) or : (any case, wildcards)
}

func ExampleCompileSequence() {
	q, err := eql.Parse(`
sequence with maxspan=1m
  [process where process.name == "chmod" and process.args : "+x"]
  [process where process.name == "defaults" and process.args : "LoginHook"]`, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := int64(0)
	s, err := eql.CompileSequence(q, category, field, eql.SequenceOptions[*process]{
		Time: func(*process) (int64, bool) { clock += int64(10 * time.Second); return clock, true },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []*process{
		{"chmod", []string{"+x", "/tmp/hook"}},
		{"zsh", nil},
		{"defaults", []string{"write", "com.apple.loginwindow", "LoginHook", "/tmp/hook"}},
	} {
		for _, found := range s.Feed(p, nil) {
			fmt.Println(found.Events[0].name, "and", found.Events[1].name)
		}
	}
	// Output: chmod and defaults
}
