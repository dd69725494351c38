package service

import "context"

// Install copies the program, lays the property list and the folders, and starts the
// agent. An agent that is running goes on until the new files are in place and is
// then replaced. It returns once launchd has started the agent, not once the agent
// sees events: that takes Full Disk Access.
func (s *Service) Install(ctx context.Context) error {
	return s.do(ctx, func() error {
		if err := s.layFiles(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil || s.launchctl.path == "" {
			return err
		}
		s.progress("starting " + Label)
		// Most often there is nothing to boot out. When there is and it fails, bootstrap fails
		// too and says so.
		_ = s.launchctl.run(ctx, "bootout", target)
		return s.load(ctx)
	})
}

// Uninstall stops the agent and removes program and property list. State, logs, and
// the rules and exceptions beside the program stay, unless purge. Preferences are the
// administrator's and stay in any case. When the agent can't be stopped, nothing is
// removed.
func (s *Service) Uninstall(ctx context.Context, purge bool) error {
	return s.do(ctx, func() error {
		if s.launchctl.path != "" {
			if err := s.unload(ctx); err != nil {
				return err
			}
		}
		return s.removeFiles(purge)
	})
}

// Start starts an installed agent that was stopped. One that runs is left alone.
func (s *Service) Start(ctx context.Context) error {
	return s.command(ctx, func() error { return s.start(ctx, "kickstart", target) })
}

// Restart ends the agent and starts it anew. The job stays loaded meanwhile, so that
// launchd brings the agent back even if this process is killed half-way.
func (s *Service) Restart(ctx context.Context) error {
	return s.command(ctx, func() error { return s.start(ctx, "kickstart", "-k", target) })
}

// Stop stops the agent until the next boot, start or install. One that is not loaded
// is fine.
func (s *Service) Stop(ctx context.Context) error {
	return s.command(ctx, func() error { return s.unload(ctx) })
}

// do runs a verb after the checks that all verbs share.
func (s *Service) do(ctx context.Context, work func() error) error {
	if err := s.allowed(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return work()
}

// command runs a verb that is nothing without launchd.
func (s *Service) command(ctx context.Context, work func() error) error {
	return s.do(ctx, func() error {
		if s.launchctl.path == "" {
			return errNoLaunchd
		}
		return work()
	})
}

// start kicks a loaded job and loads any other.
func (s *Service) start(ctx context.Context, kick ...string) error {
	if err := s.installed(); err != nil {
		return err
	}
	loaded, err := s.launchctl.loaded(ctx)
	if err != nil {
		return err
	}
	if loaded {
		return s.launchctl.run(ctx, kick...)
	}
	return s.load(ctx)
}

func (s *Service) load(ctx context.Context) error {
	return s.launchctl.load(ctx, s.path(PropertyList), s.progress)
}

func (s *Service) unload(ctx context.Context) error {
	s.progress("stopping " + Label)
	return s.launchctl.unload(ctx, s.progress)
}
