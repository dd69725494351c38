package kql_test

import (
	"fmt"

	"hooksnare/detect/eql"
	"hooksnare/detect/kql"
)

type process struct {
	name string
	args []string
}

func Example() {
	q, err := kql.Parse(`process.name : (bash or *sh) and not process.args : "-l"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := kql.Compile(q, func(name string) (eql.Field[process], bool) {
		switch name {
		case "process.name":
			return func(p process) eql.Value { return eql.String(p.name) }, true
		case "process.args":
			return func(p process) eql.Value { return eql.Strings(p.args) }, true
		}
		return nil, false
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Match(process{"zsh", []string{"zsh", "-c", "true"}}))
	fmt.Println(m.Match(process{"zsh", []string{"zsh", "-l"}}))
	// Output:
	// true
	// false
}
