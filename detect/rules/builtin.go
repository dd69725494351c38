package rules

import (
	"embed"
	"fmt"
	"path"
)

//go:embed builtin/*.toml
var builtin embed.FS

// Source is the text of a rule file.
type Source struct {
	Name string
	Text []byte
}

// Builtin returns the rule files that belong to the agent, in the order of their names.
func Builtin() []Source {
	entries, err := builtin.ReadDir("builtin")
	if err != nil {
		panic(fmt.Sprintf("embedded rules: %v", err)) // can't happen: the folder is in the binary
	}
	var out []Source
	for _, e := range entries {
		name := path.Join("builtin", e.Name())
		text, err := builtin.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("embedded rules: %v", err))
		}
		out = append(out, Source{name, text})
	}
	return out
}
