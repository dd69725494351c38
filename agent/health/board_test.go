package health

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

func conditionNames(list []alert.ConditionFacts) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.State)
	}
	return out
}

func TestConditions(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	b := NewBoard(zerolog.Nop())
	b.Note(OutputFailed.Of("siem"), "no answer", true, at.Add(time.Second))
	b.Note(OutputFailed.Of("a"), "no answer", true, at.Add(2*time.Second))
	b.Note(Condition{Name: Blind}, "no canary", true, at.Add(3*time.Second))
	b.Note(Condition{Name: Gap}, "3 events", true, at)
	b.Note(Condition{Name: Gap}, "", false, at)
	b.Note(OutputFailed.Of("b"), "never began", false, at)
	list, unnamed := b.Facts()
	if got, want := conditionNames(list), []string{"blind", "output_failed.siem", "output_failed.a"}; !slices.Equal(got, want) || unnamed != 0 {
		t.Errorf("got %v and %d more, want %v and none", got, unnamed, want)
	}
	if c := list[1]; c.Detail != "no answer" || !c.Since.Equal(at.Add(time.Second)) {
		t.Errorf("got %+v", c)
	}
}

// TestConditionsBounded begins a condition of more subjects than there is room for, and then one
// of the agent itself.
func TestConditionsBounded(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	b := NewBoard(zerolog.Nop())
	for i := range 3 * maxSubjects {
		b.Note(ShareUsedUp.Of(fmt.Sprint(i)), strings.Repeat("x", 1<<20), true, at.Add(time.Duration(i)*time.Second))
	}
	b.Note(Condition{Name: Blind}, "no canary", true, at)
	list, unnamed := b.Facts()
	if got, want := conditionNames(list), []string{"blind", "share_used_up.0", "share_used_up.1"}; len(list) != 1+maxNamedSubjects || !slices.Equal(got[:3], want) {
		t.Errorf("got %v, want %v and %d in all", got, want, 1+maxNamedSubjects)
	}
	if want := uint64(maxSubjects - maxNamedSubjects); unnamed != want {
		t.Errorf("got %d unnamed, want %d", unnamed, want)
	}
	for _, c := range list {
		if len(c.Detail) > clip.NameBytes+len(clip.Mark) {
			t.Errorf("%s: the detail has %d bytes, more than %d", c.State, len(c.Detail), clip.NameBytes)
		}
	}
}
