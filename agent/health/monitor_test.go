package health

import (
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestStarting looks at an agent that runs canaries, before and after the first came back.
func TestStarting(t *testing.T) {
	for _, x := range []struct {
		proves bool
		want   []string
	}{{true, []string{"starting"}}, {false, nil}} {
		b := NewBoard(zerolog.Nop())
		NewMonitor(MonitorOptions{Canary: x.proves, Board: b}, Parts{}, time.Now())
		list, _ := b.Facts()
		if got := conditionNames(list); !slices.Equal(got, x.want) {
			t.Errorf("canaries %t: got %v, want %v", x.proves, got, x.want)
		}
	}
}

func TestStatusLosses(t *testing.T) {
	s := Status{}
	s.Health.Losses = map[string]uint64{"causes_forgotten": 2, "newer": 3, "events_missing": 1, "lines_too_long": 0}
	got := s.Losses()
	if len(got) != 3 || got[0].Word != "events_missing" || got[1].Word != "causes_forgotten" || got[1].Count != 2 || got[2].Word != "newer" || got[2].Count != 3 {
		t.Errorf("got %+v", got)
	}
}
