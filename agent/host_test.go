package agent

import (
	"testing"
	"time"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

func stateOf(detail string) eslogger.State {
	return eslogger.State{Name: eslogger.Exited, On: true, Since: time.Unix(1, 0), Detail: detail}
}

func TestIdentity(t *testing.T) {
	id := Identity{ID: "host-1", Boot: "boot-1"}
	key := event.Key{PID: 7, Version: 8}
	first := id.entity(key)
	others := []string{
		id.entity(event.Key{PID: 7, Version: 9}), id.entity(event.Key{PID: 8, Version: 8}),
		(&Identity{ID: "host-2", Boot: "boot-1"}).entity(key), (&Identity{ID: "host-1", Boot: "boot-2"}).entity(key),
		(&Identity{ID: "host-1boot-1"}).entity(key),
	}
	for i, other := range others {
		if other == first {
			t.Errorf("entity %d: got %s, which is that of another process", i, other)
		}
	}
	if got := id.entity(key); got != first || len(got) != 32 {
		t.Errorf("entity: got %s and %s, want the same 32 digits", first, got)
	}
	h := id.host()
	if h.OS.Type != "macos" || h.ID != "host-1" || h.Boot == nil || h.Boot.ID != "boot-1" {
		t.Errorf("host: got %+v", h)
	}
	if h := (&Identity{}).host(); h.Boot != nil || h.OS.Type != "macos" {
		t.Errorf("host of a recording: got %+v, want nothing but the type of its system", h)
	}
	if got := ThisHost("/tmp"); got.Users != nil || got.Arch == "" {
		t.Errorf("under a root folder: got %+v, want no look-up of users", got)
	}
	if got := ThisHost(""); got.Users == nil {
		t.Errorf("on this machine: got %+v, want a look-up of users", got)
	}
}
