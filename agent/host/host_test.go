package host

import (
	"testing"

	"hooksnare/pkg/event"
)

func TestIdentity(t *testing.T) {
	id := Identity{ID: "host-1", Boot: "boot-1"}
	key := event.Key{PID: 7, Version: 8}
	first := id.EntityID(key)
	others := []string{
		id.EntityID(event.Key{PID: 7, Version: 9}), id.EntityID(event.Key{PID: 8, Version: 8}),
		(&Identity{ID: "host-2", Boot: "boot-1"}).EntityID(key), (&Identity{ID: "host-1", Boot: "boot-2"}).EntityID(key),
		(&Identity{ID: "host-1boot-1"}).EntityID(key),
	}
	for i, other := range others {
		if other == first {
			t.Errorf("entity %d: got %s, which is that of another process", i, other)
		}
	}
	if got := id.EntityID(key); got != first || len(got) != 32 {
		t.Errorf("entity: got %s and %s, want the same 32 digits", first, got)
	}
	h := id.Describe()
	if h.OS.Type != "macos" || h.ID != "host-1" || h.Boot == nil || h.Boot.ID != "boot-1" {
		t.Errorf("host: got %+v", h)
	}
	if h := (&Identity{}).Describe(); h.Boot != nil || h.OS.Type != "macos" {
		t.Errorf("host of a recording: got %+v, want nothing but the type of its system", h)
	}
	if got := ThisHost("/tmp"); got.Users != nil || got.Arch == "" {
		t.Errorf("under a root folder: got %+v, want no look-up of users", got)
	}
	if got := ThisHost(""); got.Users == nil {
		t.Errorf("on this machine: got %+v, want a look-up of users", got)
	}
}
