//! A machine that ends in the middle of an addition.

use super::*;

/// Ends the process at every request and every commit of an addition, one run each: never two meetings, never one that
/// nobody knows of.
#[tokio::test(start_paused = true)]
async fn p5_a_kill_at_any_point_of_an_addition_makes_one_meeting() {
    let calm = Arc::new(Doom::new(usize::MAX, usize::MAX));
    killed(&calm).await;
    let (requests, commits) = (calm.requests(), calm.commits());
    assert!(
        requests >= 3 && commits >= 5,
        "{requests} requests, {commits} commits"
    );
    for nth in 0..requests * 2 {
        killed(&Arc::new(Doom::new(nth, usize::MAX))).await;
    }
    for nth in 0..commits * 2 {
        killed(&Arc::new(Doom::new(usize::MAX, nth))).await;
    }
}

/// The same when the event is cancelled in between: no meeting is left of which nobody is told.
#[tokio::test(start_paused = true)]
async fn p5_p11_a_kill_while_a_meeting_is_undone_leaves_none_behind_unsaid() {
    let calm = Arc::new(Doom::new(usize::MAX, usize::MAX));
    cancelled_and_killed(&calm).await;
    let (requests, commits) = (calm.requests(), calm.commits());
    assert!(
        requests >= 6 && commits >= 6,
        "{requests} requests, {commits} commits"
    );
    for nth in 0..requests * 2 {
        cancelled_and_killed(&Arc::new(Doom::new(nth, usize::MAX))).await;
    }
    for nth in 0..commits * 2 {
        cancelled_and_killed(&Arc::new(Doom::new(usize::MAX, nth))).await;
    }
}

async fn cancelled_and_killed(doom: &Arc<Doom>) {
    let (mut stand, event) = ready().await;
    let (simulator, cancelled) = (stand.simulator.clone(), event.clone());
    let inner = Meddler::new(&stand, "PATCH", move || {
        let cancel = Hand::CancelEvent {
            calendar: ANA.into(),
            event: cancelled.clone(),
        };
        simulator.hand(cancel).unwrap();
    });
    add_and_end(&mut stand, &event, doom, Arc::new(inner)).await;
    let gone = stand
        .simulator
        .with(|world| world.event(ANA, &event).unwrap().is_cancelled());
    match meetings(&stand)[..] {
        [] => {}
        [meeting] if !gone => assert_eq!(shown(&stand, &event), Some(meeting), "{doom:?}"),
        // Whether the event had shown it for a moment was not known any more.
        [meeting] => {
            let entry = stand.newest();
            assert_eq!(entry.outcome, Outcome::Kept, "{doom:?}");
            let hint = entry.problem.unwrap().hint;
            assert!(hint.contains(&meeting.to_string()), "{doom:?}: {hint}");
        }
        _ => panic!("{doom:?}"),
    }
    assert_eq!(stand.engine.status().unwrap().problems, [], "{doom:?}");
}

/// Adds a meeting over a way on which the process ends, starts it again, and lets it come to rest.
async fn add_and_end(stand: &mut Stand, event: &str, doom: &Arc<Doom>, inner: Arc<dyn Transport>) {
    stand.restart_over(Arc::new(Deadly {
        doom: Arc::clone(doom),
        inner,
    }));
    let keeper = Arc::clone(doom);
    rehearsal::watch(Some(Box::new(move |door| keeper.at_commit(door))));
    let engine = stand.engine.clone();
    let adding = AssertUnwindSafe(engine.add_meeting(ANA, event, Service::Zoom)).catch_unwind();
    let ended = adding.await;
    rehearsal::watch(None);
    if let Err(payload) = ended {
        assert!(payload.is::<Ended>(), "an honest panic");
    }
    drop(engine);
    stand.restart();
    for _ in 0..5 {
        stand.sync_after(Duration::from_secs(40)).await;
    }
}

async fn killed(doom: &Arc<Doom>) {
    let (mut stand, event) = ready().await;
    let inner = Arc::new(InProcess(stand.simulator.router()));
    add_and_end(&mut stand, &event, doom, inner).await;
    let there = meetings(&stand);
    match there[..] {
        // Only when the wish itself was never kept: the person sees that, and asks again.
        [] => assert_eq!((shown(&stand, &event), doom.at_commit), (None, 0), "{doom:?}"),
        [meeting] => {
            assert_eq!(shown(&stand, &event), Some(meeting), "{doom:?}");
            assert_eq!(stand.state("Review"), MeetingState::InStep, "{doom:?}");
        }
        _ => panic!("{doom:?}: {there:?}"),
    }
    let status = stand.engine.status().unwrap();
    assert_eq!(status.problems, [], "{doom:?}");
}

/// When the process ends: at a request (even: before it goes out, odd: when its answer is on the way), or at a commit (even:
/// before it, odd: after it).
#[derive(Debug)]
struct Doom {
    at_request: usize,
    at_commit: usize,
    seen_requests: AtomicUsize,
    seen_doors: AtomicUsize,
}

impl Doom {
    fn new(at_request: usize, at_commit: usize) -> Self {
        Self {
            at_request,
            at_commit,
            seen_requests: AtomicUsize::new(0),
            seen_doors: AtomicUsize::new(0),
        }
    }

    fn requests(&self) -> usize {
        self.seen_requests.load(Ordering::Relaxed) / 2
    }

    fn commits(&self) -> usize {
        self.seen_doors.load(Ordering::Relaxed) / 2
    }

    fn at_request(&self) {
        if self.seen_requests.fetch_add(1, Ordering::Relaxed) == self.at_request {
            std::panic::resume_unwind(Box::new(Ended));
        }
    }

    fn at_commit(&self, _: Door) -> Fate {
        match self.seen_doors.fetch_add(1, Ordering::Relaxed) == self.at_commit {
            true => Fate::Ends,
            false => Fate::Goes,
        }
    }
}

/// The way to the services of a process that ends.
struct Deadly {
    doom: Arc<Doom>,
    inner: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Deadly {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        // What becomes of a token on its way is the keyring's story.
        let counts = !request.uri().path().ends_with("/token");
        if counts {
            self.doom.at_request();
        }
        let answer = self.inner.send(request).await;
        if counts {
            self.doom.at_request();
        }
        answer
    }
}
