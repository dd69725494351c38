package agent

import (
	"errors"
	"fmt"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/delivery"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/inforce"
	"hooksnare/pkg/alert"
)

// ErrRestart is the error of Run when a key has changed that sensors are made of: whoever runs the
// agent is to make another, with the configuration that is there now.
var ErrRestart = errors.New("the configuration of the sensors has changed: the agent starts again")

// configure puts another configuration in force. What could fail comes first, and changes nothing when
// it does.
func (a *Agent) configure(l config.Loaded) error {
	c, now := withoutOwn(l.Config), time.Now()
	if err := a.judge.CheckExceptions(exceptions.ForEngine(c.Exceptions)); err != nil {
		return err
	}
	if changed := config.Restarting(a.asked, c); len(changed) > 0 {
		a.log.Info().Strs("keys", changed).Msg("the configuration of the sensors has changed: starting again")
		a.askRestart()
		return nil
	}
	asked := c
	c.StateDir, c.EsloggerPath = a.opts.Config.StateDir, a.opts.Config.EsloggerPath // which may stand in for unsafe ones
	if err := a.outputs.Configure(c); errors.Is(err, delivery.ErrBusy) {
		return fmt.Errorf("%w (%w)", err, inforce.ErrLater)
	} else if err != nil {
		return err
	}
	a.asked, a.opts.Config, a.opts.Sources = asked, c, l.Sources
	a.judge.SetWindows(c.RepeatWindow, c.CorrelationWindow)
	a.loadRules(c, l.Sources)
	a.exceptions.Configure(c.Exceptions, now)
	a.judge.SetLabels(c.Labels)
	a.monitor.Configure(c.HeartbeatInterval, c.Labels, c)
	return nil
}

// withoutOwn is a configuration without the exceptions of their own file, as its digest is made of.
func withoutOwn(c config.Config) config.Config {
	c.Exceptions = exceptions.Configured(c.Exceptions)
	return c
}

// askRestart has Run end with ErrRestart.
func (a *Agent) askRestart() {
	if !a.restarts() {
		close(a.restart)
	}
}

func (a *Agent) restarts() bool {
	select {
	case <-a.restart:
		return true
	default:
		return false
	}
}

func (a *Agent) refreshSettings(now time.Time, must bool) {
	if a.settings != nil {
		a.settings.Refresh(now, must)
	}
}

// settingsFacts tells which configuration is in force.
func (a *Agent) settingsFacts() *alert.ConfigurationFacts {
	if a.settings == nil {
		return nil
	}
	f := a.settings.Facts()
	return &f
}
