package process

import "hooksnare/pkg/event"

// Bounds of the memory of recent commands.
const (
	recentUsers    = 32
	recentCommands = 64 // of a user
)

// recent remembers what each user ran lately.
type recent struct {
	rings map[uint32]*ring
	clock uint64
}

type ring struct {
	commands [recentCommands]*event.Process
	next     int
	used     uint64 // when last, by the clock
}

func newRecent() recent { return recent{rings: map[uint32]*ring{}} }

func (r *recent) add(p *event.Process) {
	user := p.User()
	g := r.rings[user]
	if g == nil {
		if len(r.rings) >= recentUsers {
			r.forget()
		}
		g = new(ring)
		r.rings[user] = g
	}
	r.clock++
	g.used = r.clock
	g.commands[g.next%recentCommands] = p
	g.next = (g.next + 1) % recentCommands
}

// forget drops the user who was quiet the longest.
func (r *recent) forget() {
	var oldest uint32
	used := ^uint64(0)
	for user, g := range r.rings {
		if g.used < used {
			oldest, used = user, g.used
		}
	}
	delete(r.rings, oldest)
}

func (r *recent) of(user uint32) []*event.Process {
	g := r.rings[user]
	if g == nil {
		return nil
	}
	var out []*event.Process
	for i := range g.commands {
		if p := g.commands[(g.next+i)%recentCommands]; p != nil {
			out = append(out, p)
		}
	}
	return out
}
