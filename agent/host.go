package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
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

// Users looks up users and groups, once each. It is for one goroutine.
type Users struct {
	users  map[uint32]*user.User // nil for one that is not known
	groups map[uint32]string
}

// maxUsers bounds what is remembered; a Mac has a few hundred.
const maxUsers = 4096

// NewUsers returns a look-up without a memory.
func NewUsers() *Users {
	return &Users{users: map[uint32]*user.User{}, groups: map[uint32]string{}}
}

func (u *Users) user(id uint32) *user.User {
	if u == nil || id == event.None {
		return nil
	}
	found, known := u.users[id]
	if !known {
		found, _ = user.LookupId(strconv.FormatUint(uint64(id), 10))
		if len(u.users) >= maxUsers {
			clear(u.users)
		}
		u.users[id] = found
	}
	return found
}

// Name returns the short name of a user, "" if not known.
func (u *Users) Name(id uint32) string {
	if found := u.user(id); found != nil {
		return found.Username
	}
	return ""
}

// Home returns the home folder of a user, "" if not known.
func (u *Users) Home(id uint32) string {
	if found := u.user(id); found != nil {
		return found.HomeDir
	}
	return ""
}

// Group returns the name of a group, "" if not known.
func (u *Users) Group(id uint32) string {
	if u == nil || id == event.None {
		return ""
	}
	name, known := u.groups[id]
	if !known {
		if g, err := user.LookupGroupId(strconv.FormatUint(uint64(id), 10)); err == nil {
			name = g.Name
		}
		if len(u.groups) >= maxUsers {
			clear(u.groups)
		}
		u.groups[id] = name
	}
	return name
}
