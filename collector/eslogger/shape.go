package eslogger

import (
	"fmt"

	"hooksnare/pkg/event"
)

const (
	// knownSchema is the schema_version of every eslogger known.
	knownSchema = 1

	shapeStrikes = 3   // one odd line is an accident, three are a change
	shapeClean   = 256 // a minute or more of a quiet machine
)

// shapeJudge judges by the lines themselves whether eslogger's output is still what the
// decoder knows. It counts lines, not time, so that a quiet machine is not judged sooner.
type shapeJudge struct {
	strikes, clean int
	on             bool
}

// noteLine takes one line and reports a change of the judgement.
func (s *shapeJudge) noteLine(usual bool) (begins, ends bool) {
	if !usual {
		s.clean = 0
		s.strikes = min(s.strikes+1, shapeStrikes)
		begins = !s.on && s.strikes == shapeStrikes
		s.on = s.on || begins
		return begins, false
	}
	if s.strikes == 0 {
		return false, false
	}
	if s.clean++; s.clean < shapeClean {
		return false, false
	}
	ends = s.on
	*s = shapeJudge{}
	return false, ends
}

// isUsual says whether m has all that a message of its kind is read for.
func isUsual(m *Message) bool {
	if m.Odd > 0 || m.Schema > knownSchema || !m.HasGlobal || len(m.EventName) == 0 {
		return false
	}
	switch m.Kind {
	case event.ExecKind:
		return m.Process.HasToken && m.Target.HasToken && len(m.Target.Executable) > 0
	case event.Fork:
		return m.Process.HasToken && m.Target.HasToken
	case event.Exit:
		return m.Process.HasToken
	}
	return true
}

// describeUnusual says in what m is not usual.
func describeUnusual(m *Message) string {
	name := escape(m.EventName, 40)
	switch {
	case len(m.EventName) == 0:
		return "a line names no event"
	case m.Odd > 0:
		return fmt.Sprintf("%d members of %s are of an unknown type", m.Odd, name)
	case m.Schema > knownSchema:
		return fmt.Sprintf("schema version %d of %s, known is %d", m.Schema, name, knownSchema)
	case !m.HasGlobal:
		return name + " has no global_seq_num"
	}
	return name + " lacks a process, its token or its executable"
}
