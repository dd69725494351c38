package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// Identity is the Mac that events come from. Of a recording nothing is known: the zero
// value.
type Identity struct {
	ID       string // the hardware's UUID
	Hostname string
	Version  string // of macOS
	Boot     string // id of the boot session
	Arch     string
	Users    *Users // nil: ids only
}

// ThisHost returns the identity of the machine the agent runs on. Under a root folder the
// users are not looked up: they belong to another disk.
func ThisHost(root string) Identity {
	id := Identity{Arch: runtime.GOARCH}
	id.Hostname, _ = os.Hostname()
	id.ID, id.Version, id.Boot = system()
	if root == "" {
		id.Users = NewUsers()
	}
	return id
}

func (id *Identity) host() alert.Host {
	h := alert.Host{
		ID: id.ID, Name: id.Hostname, Hostname: id.Hostname, Architecture: id.Arch,
		OS: alert.OS{Type: "macos", Version: id.Version},
	}
	if id.Boot != "" {
		h.Boot = &alert.Boot{ID: id.Boot}
	}
	return h
}

// entity returns the id of a process that no other process of any host has.
func (id *Identity) entity(key event.Key) string {
	return digest("process", id.ID, id.Boot, strconv.Itoa(int(key.PID)), strconv.FormatUint(uint64(key.Version), 10))
}

// digest is a stable id made of texts.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
