package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// spoolFolder is where alerts wait, in the state folder.
const spoolFolder = "spool"

// condition tells that something began, or ended, to be not as it should.
type condition func(c health.Condition, detail string, on bool, since, until time.Time)

// Outputs makes alerts durable and carries them to every place that the configuration
// names, in order, each at its own pace: a slow, failing or hanging one delays no other.
type Outputs struct {
	spool   *spool.Spool
	passing string // the folder of a spool that does not outlive the agent; "" for the usual one
	list    []*output
	show    *shower // nil: nobody looks on
	health  condition

	hangs    *diskHangs
	holdHang time.Duration // how long the disk must answer until it counts as well

	mu       sync.Mutex    // guards what follows, up to refusing
	room     chan struct{} // closed when there is room for more
	stalled  bool          // the disk takes nothing: nobody waits for room
	shed     shed
	pending  []pending // not durable yet, the oldest first
	bytes    int
	flying   bool // some are being made durable
	closing  bool
	refusing error // why alerts could not even be held

	simulation simulation
	told       spoolTold

	wake chan struct{}
	done chan struct{} // the writer has ended
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// output is one place.
type output struct {
	config  config.Output
	queue   *spool.Queue
	sender  *timedSender
	runner  *forward.Runner
	trouble trouble
}

// OutputOptions are what Outputs are made of.
type OutputOptions struct {
	Config  config.Config
	Host    string // name of this machine, for receivers
	Version string
	Show    io.Writer  // is written each alert for a person; nil for none
	Health  condition  // is told what Check finds
	hangs   *diskHangs // is told when the spool's disk hangs; nil for one of their own

	timing  outputTiming
	senders func(config.Output) (forward.Sender, error) // in tests
}

// OpenOutputs opens the spool and starts an output for each that is enabled. What can't be
// delivered now is tried again.
func OpenOutputs(o OutputOptions) (*Outputs, error) {
	o.timing.fill()
	if o.senders == nil {
		o.senders = o.sender
	}
	if o.hangs == nil {
		o.hangs = newDiskHangs()
	}
	all := &Outputs{
		health: o.Health, hangs: o.hangs, holdHang: o.timing.hold,
		wake: make(chan struct{}, 1), room: make(chan struct{}), done: make(chan struct{}),
	}
	places := usable(o.Config)
	if err := all.open(o.Config, places); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	all.stop = stop
	for _, c := range places {
		all.start(ctx, c, o)
	}
	if o.Show != nil {
		all.show = newShower(o.Show)
	}
	go all.write()
	return all, nil
}

// open opens the spool. Where the state folder can't be used, alerts wait in a temporary one:
// they are delivered as long as the agent runs.
func (all *Outputs) open(c config.Config, places []config.Output) error {
	o := spool.Options{
		Dir: filepath.Join(c.StateDir, spoolFolder), Hangs: all.hangs.noting("spool"),
		MaxBytes: c.SpoolMaxBytes, MaxAlerts: int(c.SpoolMaxAlerts), MaxAge: c.SpoolMaxAge,
	}
	for _, p := range places {
		o.Outputs = append(o.Outputs, spool.Output{Name: p.Name, MinSeverity: rules.Severity(p.MinSeverity).Number()})
	}
	s, err := spool.Open(o)
	for range 20 { // somebody may just be asking whether it is in use, or an agent be ending
		if !errors.Is(err, spool.ErrLocked) {
			break
		}
		time.Sleep(50 * time.Millisecond)
		s, err = spool.Open(o)
	}
	if errors.Is(err, spool.ErrLocked) {
		return fmt.Errorf("another agent runs: %w", err)
	}
	if err != nil {
		dir, tempErr := os.MkdirTemp("", "hooksnare-spool-")
		if tempErr != nil {
			return errors.Join(err, tempErr)
		}
		all.passing = dir
		all.told.elsewhere = fmt.Sprintf("alerts wait in %s, which does not outlive the agent: %v", dir, err)
		o.Dir = dir
		if s, err = spool.Open(o); err != nil {
			return errors.Join(err, os.RemoveAll(dir))
		}
	}
	all.spool = s
	return nil
}

func (all *Outputs) start(ctx context.Context, c config.Output, o OutputOptions) {
	out := &output{config: c, queue: all.spool.Queue(c.Name), trouble: trouble{health: all.health, timing: o.timing, remote: remote(c.Type)}}
	all.list = append(all.list, out)
	s, err := o.senders(c)
	if err == nil {
		out.sender = &timedSender{Sender: s}
		r := forward.Options{Name: c.Name, Queue: queue{out.queue, &all.simulation, c.Name}, Sender: out.sender, Flush: flushTime}
		if !remote(c.Type) {
			r.Gather = -1 // nothing is gained by waiting for more
		}
		if c.Type == "syslog" {
			r.MaxItems = 1 // a line that is sent can't be taken back
		}
		out.runner, err = forward.NewRunner(r)
	}
	if err != nil {
		out.trouble.unusable = err.Error()
		return
	}
	all.wg.Go(func() { _ = out.runner.Run(ctx) })
}

// Add hands over an alert, or an update of one.
func (all *Outputs) Add(a *alert.Alert) error {
	line, err := a.Line()
	if err != nil {
		return err
	}
	all.show.add(a)
	at := time.Now()
	if a.Timestamp != nil {
		at = a.Timestamp.Time
	}
	e := spool.Entry{Document: line, ID: a.Event.ID, Update: a.Event.Sequence, Severity: a.Event.Severity, Time: at, Share: a.Share}
	all.put(pending{e, all.simulation.saw(a)})
	return nil
}

// Beat hands over a heartbeat, which goes to every output.
func (all *Outputs) Beat(b *alert.Heartbeat) error {
	line, err := b.Line()
	if err != nil {
		return err
	}
	e := spool.Entry{Document: line, ID: b.Event.ID, Update: b.Event.Sequence, Everywhere: true, Time: time.Now(), Share: agentShare}
	all.put(pending{e, false})
	return nil
}

// agentShare is whose the agent's own documents are, for the bounds of the spool.
const agentShare = "agent"

func signalOnce(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// write makes durable what is pending, until it is told to close and nothing is.
func (all *Outputs) write() {
	defer close(all.done)
	for {
		batch, simulated, closing := all.take()
		if len(batch) == 0 {
			if closing {
				return
			}
			<-all.wake
			continue
		}
		if durable := all.store(batch); durable && simulated {
			all.simulation.stored()
		}
		all.mu.Lock()
		all.flying = false
		all.mu.Unlock()
	}
}

// store makes a batch durable, and reports whether all of it is. If one of its documents can't
// be kept, the others are.
func (all *Outputs) store(batch []spool.Entry) bool {
	err := all.spool.Put(batch...)
	if err == nil || errors.Is(err, spool.ErrHeld) { // the spool tells of what it holds
		return err == nil
	}
	if len(batch) > 1 {
		for i := range batch {
			all.store(batch[i : i+1])
		}
		return false
	}
	all.mu.Lock()
	all.refusing = err
	all.mu.Unlock()
	return false
}

// Reopen makes every output open its files anew, and try again at once.
func (all *Outputs) Reopen() {
	for _, o := range all.list {
		if o.sender == nil {
			continue
		}
		if f, ok := o.sender.Sender.(*fileSink); ok {
			go f.reopen() // its disk may hang
		}
	}
}

// Delivered reports whether all that was handed over is durable.
func (all *Outputs) Delivered() bool {
	all.mu.Lock()
	waiting := len(all.pending) > 0 || all.flying
	all.mu.Unlock()
	return !waiting && all.spool.Stats().Held == 0
}

// Close makes durable what is not, delivers what is waiting, until ctx is done, and ends the
// outputs. What is left waits for the next start; the error tells what does not. Nothing may
// be added once it was called. A disk that hangs costs a second more.
func (all *Outputs) Close(ctx context.Context) error {
	all.mu.Lock()
	all.closing = true
	all.makeRoomKnown()
	all.mu.Unlock()
	signalOnce(all.wake)
	ended := make(chan struct{})
	go func() { // ends with the outputs; one that hangs in the system ends with the process
		<-all.done
		all.stop()
		all.wg.Wait()
		all.show.close()
		close(ended)
	}()
	var hung error
	select {
	case <-ended:
	case <-ctx.Done():
		all.stop()
		hung = errors.New("an output did not end in time: what it did not acknowledge waits for the next start")
	}
	err := errors.Join(hung, all.spool.Close())
	if all.passing != "" && !errors.Is(err, hang.ErrHangs) {
		err = errors.Join(err, os.RemoveAll(all.passing)) // alerts tell much of a Mac
	}
	return err
}

// Abandon ends the outputs of an agent that was never run.
func (all *Outputs) Abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = all.Close(ctx)
}
