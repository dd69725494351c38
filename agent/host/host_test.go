package host

import (
	"encoding/json"
	"runtime"
	"strings"
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
	h := id.Origin("").Host
	if h.OS.Type != "macos" || h.ID != "host-1" || h.Boot == nil || h.Boot.ID != "boot-1" {
		t.Errorf("host: got %+v", h)
	}
	if h := (&Identity{}).Origin("").Host; h.Boot != nil || h.OS.Type != "macos" {
		t.Errorf("host of a recording: got %+v, want nothing but the type of its system", h)
	}
	if got := ThisHost("/tmp"); got.Users != nil || got.Arch == "" {
		t.Errorf("under a root folder: got %+v, want no look-up of users", got)
	}
	if got := ThisHost(""); got.Users == nil {
		t.Errorf("on this machine: got %+v, want a look-up of users", got)
	}
}

// TestOrigin holds that what is not known is absent.
func TestOrigin(t *testing.T) {
	for _, test := range []struct {
		id   Identity
		want string
	}{
		{Identity{}, `{"agent":{"type":"hooksnare","version":"1.2.3"},"host":{"os":{"type":"macos","name":"macOS"}}}`},
		{Identity{ID: "I", Hostname: "mac", Version: "15.1", Build: "24B83", Serial: "C02XG0AAJGH5", Arch: "arm64"},
			`{"agent":{"type":"hooksnare","version":"1.2.3"},"host":{"id":"I","name":"mac","hostname":"mac","architecture":"arm64","os":{"type":"macos","name":"macOS","version":"15.1","build":"24B83"}},"device":{"serial_number":"C02XG0AAJGH5"}}`},
	} {
		got, err := json.Marshal(test.id.Origin("1.2.3"))
		if err != nil || string(got) != test.want {
			t.Errorf("%+v: got %s, %v, want %s", test.id, got, err, test.want)
		}
	}
}

func TestSerial(t *testing.T) {
	for given, want := range map[string]string{
		"C02XG0AAJGH5": "C02XG0AAJGH5", " C02XG0AAJGH5 \n": "C02XG0AAJGH5", "VMA1b2+/c3": "VMA1b2+/c3", "": "", "  ": "",
		"a\x00b": "", "a\nb": "", "\xff": "", "ünï": "", "a\u202eb": "", strings.Repeat("x", maxSerial): strings.Repeat("x", maxSerial), strings.Repeat("x", maxSerial+1): "",
	} {
		if got := printableSerial(given); got != want {
			t.Errorf("printableSerial(%q): got %q, want %q", given, got, want)
		}
	}
}

// TestThisMachine reads what the system has, where libraries may be missing.
func TestThisMachine(t *testing.T) {
	id := ThisHost("/tmp")
	if runtime.GOOS != "darwin" && id.Serial != "" {
		t.Errorf("got the serial number %q, want none but on a Mac", id.Serial)
	}
	if again := ThisHost("/tmp"); again != id {
		t.Errorf("got %+v, then %+v", id, again)
	}
}
