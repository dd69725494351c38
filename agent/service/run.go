package service

import (
	"context"
	"fmt"

	kardianos "github.com/kardianos/service"

	"hooksnare/packaging/launchd"
)

// Run runs the agent and returns its error. It ends when the agent does. Signals are the
// caller's: they end the context.
func Run(ctx context.Context, agent func(context.Context) error) error {
	p := &program{}
	svc, err := kardianos.New(p, &kardianos.Config{
		Name: launchd.Label,
		// Without RunWait the library waits for a signal of its own, and would go on after
		// the agent has ended.
		Option: kardianos.KeyValue{"RunWait": func() { p.err = agent(ctx) }},
	})
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return svc.Run()
}

// program is the agent for the library, which calls Start, RunWait and Stop in this order.
type program struct{ err error }

// Start has nothing to do: the agent runs in RunWait.
func (*program) Start(kardianos.Service) error { return nil }

// Stop returns the agent's error.
func (p *program) Stop(kardianos.Service) error { return p.err }
