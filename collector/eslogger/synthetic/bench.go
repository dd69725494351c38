package synthetic

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// The benchmark stream. A day's mix, thinned: all commands run in terminals, whose
// lines are 2 to 6 KB; the lines of a daemon's exit are shorter.
const (
	benchSeed     = 0x5EED
	benchRunning  = 256  // processes that run at any time
	benchHooks    = 3000 // lines from one hook command to the next
	benchMentions = 1000 // lines from one harmless mention to the next
	benchShells   = 4
	// Slow enough that the hooks of five minutes stay well below the bound of a
	// hundred alerts a rule.
	benchPace = 5 * time.Millisecond
)

// Bench says what WriteBench wrote.
type Bench struct {
	Lines    int
	Hooks    int // commands that set a hook, each to another value
	Mentions int // commands that only have the word in their arguments
}

// WriteBench writes a stream of the given number of lines, always the same: forks,
// execs and exits in equal parts, 3.3 KB a line, with a hook command every three
// thousand lines.
func WriteBench(w io.Writer, lines int) (Bench, error) {
	if lines <= 0 {
		return Bench{}, nil
	}
	h := New(w, Options{Seed: benchSeed, Pace: benchPace})
	h.limit = lines
	b := bench{host: h, rng: rand.New(rand.NewPCG(benchSeed, 3))}
	h.Unseen(b.warmUp)
	for h.lines < lines && h.err == nil {
		b.step(lines - h.lines)
	}
	b.said.Lines = h.lines
	return b.said, h.err
}

type bench struct {
	host    *Host
	rng     *rand.Rand
	shells  [benchShells]*Proc
	running [benchRunning]*Proc // a ring: the oldest ends as a new one starts
	next    int
	said    Bench
}

// warmUp fills the ring, so that the number of processes is steady from line one.
func (b *bench) warmUp() {
	first := b.host.Terminal()
	app := first.Parent().Parent()
	b.shells[0] = first
	for i := 1; i < benchShells; i++ {
		b.shells[i] = b.host.window(app)
	}
	for i := range b.running {
		b.running[i] = b.host.Start(b.shell(), command(b.rng))
	}
}

func (b *bench) shell() *Proc { return b.shells[b.rng.IntN(benchShells)] }

// step writes a few lines, of which left may still be written.
func (b *bench) step(left int) {
	h := b.host
	const longest = 6 // lines of a hook command under sudo
	switch done := h.lines; {
	case left >= longest && done >= b.said.Hooks*benchHooks+benchHooks/2:
		b.said.Hooks++
		b.hook(b.said.Hooks)
	case left >= longest && done >= b.said.Mentions*benchMentions+benchMentions/4:
		b.said.Mentions++
		h.Run(b.shell(), choose(b.rng, mentions[:len(mentions)-1])) // the last has a small environment
	default:
		oldest := &b.running[b.next%benchRunning]
		b.next++
		h.Exit(*oldest, int32(b.rng.IntN(2))*256)
		*oldest = h.Start(b.shell(), command(b.rng))
	}
}

// hook sets a hook as the published tools do, under sudo from a shell.
func (b *bench) hook(n int) {
	key := [...]string{"LoginHook", "LogoutHook"}[n%2]
	b.host.EndSudo(b.host.Sudo(b.shell(), Spec{
		Path: "/usr/bin/defaults",
		Args: []string{"defaults", "write", "com.apple.loginwindow", key, fmt.Sprintf("/Users/Shared/.update-%d.sh", n)},
	}))
}
