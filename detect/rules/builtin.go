package rules

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed builtin/*.toml
var builtin embed.FS

// Source is the text of a rule file.
type Source struct {
	Name string
	Text []byte
}

// Builtin returns the rule files that belong to the agent, in the order of their names.
func Builtin() []Source { return files(".toml") }

// Examples returns, for each built-in rule file, the commands that must and must not
// fire it.
func Examples() []Source { return files(examples) }

// examples is how the name of a file of examples ends.
const examples = ".examples.toml"

func files(suffix string) []Source {
	entries, err := builtin.ReadDir("builtin")
	if err != nil {
		panic(fmt.Sprintf("embedded rules: %v", err)) // can't happen: the folder is in the binary
	}
	var out []Source
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) || suffix != examples && strings.HasSuffix(e.Name(), examples) {
			continue
		}
		text, err := builtin.ReadFile(path.Join("builtin", e.Name()))
		if err != nil {
			panic(fmt.Sprintf("embedded rules: %v", err))
		}
		out = append(out, Source{"builtin/" + e.Name(), text})
	}
	return out
}
