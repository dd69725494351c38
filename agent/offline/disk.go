package offline

import (
	"path/filepath"

	"hooksnare/agent/document"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/judge"
	"hooksnare/collector/program"
)

// ExaminePrograms examines what values point to on the disk below a root, and nothing else.
func ExaminePrograms(root string) func(judge.Question) *document.Examination {
	return func(q judge.Question) *document.Examination {
		x := examine(root, q.Values...)
		for _, name := range q.Sources {
			content, err := program.ReadSource(root, name, q.At)
			if err != nil {
				continue
			}
			if hooks, err := document.ParseSource(content); err == nil {
				x.Sources[name] = hooks
			}
		}
		return x
	}
}

// examine examines what values point to.
func examine(root string, values ...string) *document.Examination {
	x := &document.Examination{Programs: map[string]document.ExaminedProgram{}, Sources: map[string]map[string]string{}, Jamf: exceptions.ManagedByJamf(root)}
	for _, v := range values {
		p := program.Examine(filepath.Join("/", root), v)
		x.Programs[v] = document.ExaminedProgram{Found: p, Shown: document.ProgramOf(&p)}
	}
	return x
}

// AtOnce answers every question before it returns.
func AtOnce(answer func(judge.Question) *document.Examination) judge.Examine {
	return func(q judge.Question, judge func(*document.Examination, bool)) { judge(answer(q), true) }
}
