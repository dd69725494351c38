package agent

import (
	"errors"
	"os/user"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func TestUsers(t *testing.T) {
	u := NewUsers()
	own, err := user.Current()
	if err != nil {
		t.Skip("this user has no entry:", err)
	}
	id, err := strconv.ParseUint(own.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Name(uint32(id)); got != own.Username {
		t.Errorf("user %d: got name %q, want %q", id, got, own.Username)
	}
	if got := u.Home(uint32(id)); got != own.HomeDir {
		t.Errorf("user %d: got home %q, want %q", id, got, own.HomeDir)
	}
	for _, id := range []uint32{4_000_000_000, event.None} {
		if name, group := u.Name(id), u.Group(id); name != "" || group != "" {
			t.Errorf("user and group %d: got %q and %q, want none", id, name, group)
		}
	}
	var none *Users
	if none.Name(501) != "" || none.Home(0) != "" || none.Group(20) != "" {
		t.Error("without a look-up: got names")
	}
	if name, group := none.Name(0), none.Group(0); name != "root" || group != "wheel" {
		t.Errorf("without a look-up: user and group 0 are %q and %q, want root and wheel", name, group)
	}
}

// TestMemory asks a directory that can be slow.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, delay atomic.Int64
		m := newMemory(func(id string) (*string, error) {
			asked.Add(1)
			time.Sleep(time.Duration(delay.Load()))
			if id == "404" {
				return nil, errors.New("unknown")
			}
			return &id, nil
		})
		get := func(id uint32, want string, times int64) {
			t.Helper()
			got, began := "", time.Now()
			if p := m.get(id, began); p != nil {
				got = *p
			}
			if got != want || asked.Load() != times {
				t.Errorf("%d: got %q, asked %d times; want %q and %d", id, got, asked.Load(), want, times)
			}
			if took := time.Since(began); took > askWait {
				t.Errorf("%d: waited %v, want %v at most", id, took, askWait)
			}
		}
		get(1, "1", 1)
		get(1, "1", 1)
		get(404, "", 2)
		get(404, "", 2)
		time.Sleep(2 * time.Minute)
		get(404, "", 3) // may be there by now
		get(1, "1", 3)
		delay.Store(int64(time.Minute))
		get(2, "", 4)
		get(2, "", 4) // no second question while one is open
		time.Sleep(2 * time.Minute)
		get(2, "2", 4)
		time.Sleep(time.Hour)
		get(1, "1", 5) // what was known holds until there is an answer
		for id := range uint32(2 * maxAsked) {
			m.get(1000+id, time.Now())
		}
		if got := len(m.asked); got != maxAsked {
			t.Errorf("open questions: got %d, want %d at most", got, maxAsked)
		}
		time.Sleep(time.Hour)
		delay.Store(0)
		for id := range uint32(3 * maxRemembered) {
			m.get(10_000+id, time.Now())
		}
		if got := len(m.answers); got > maxRemembered {
			t.Errorf("remembered: got %d, want %d at most", got, maxRemembered)
		}
	})
}
