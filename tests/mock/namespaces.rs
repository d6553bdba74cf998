//! Two test workers at one mock.

use serde_json::json;

use crate::kit::Mock;

#[test]
fn two_workers_in_parallel_each_see_their_own_sequence() {
    let mock = Mock::start(&["--provider", "openai", "--inject", "{ first: 2, inject: { status: 418 } }"]);
    let statuses = |namespace: &str| -> Vec<u16> {
        let prefix = format!("/ns/{namespace}");
        (0..6).map(|_| mock.complete(&prefix, "", "m").status).collect()
    };

    let all: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let workers = ["w1", "w2", "w3", "w4"].map(|namespace| scope.spawn(move || statuses(namespace)));
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });

    // Each meets the two failures of the file, first of all and once, whatever the others do.
    assert_eq!(all, vec![vec![418, 418, 200, 200, 200, 200]; 4]);
    assert_eq!(mock.calls("?namespace=w2").len(), 6);
    assert_eq!(mock.calls("").len(), 24);
}

#[test]
fn a_fault_of_one_worker_is_none_of_the_others() {
    let mock = Mock::start(&["--provider", "openai"]);
    mock.json("POST /faults", r#"{"inject": {"status": 418}, "namespace": "w1"}"#);
    let keyed = |key: &str| mock.complete("", &format!("authorization: Bearer {key}\r\n"), "m").status;

    assert_eq!([keyed("sk-test.ns-w1"), keyed("sk-test.ns-w2"), keyed("sk-test")], [418, 200, 200]);
    assert!(mock.faults("").is_empty());
    assert_eq!(mock.faults("?namespace=w1")[0]["fired"], 1);

    // A reset of one leaves the others alone.
    mock.json("POST /reset?namespace=w1", "");
    assert_eq!(keyed("sk-test.ns-w1"), 200);
    let kept: Vec<_> = mock.calls("").iter().map(|call| call.get("namespace").cloned()).collect();
    assert_eq!(kept, [Some(json!("w2")), None, Some(json!("w1"))]);
}

#[test]
fn names_are_taken_in_their_own_namespace_only() {
    let mock = Mock::start(&["--provider", "openai"]);
    let post = |namespace: &str| {
        let fault = json!({ "name": "x", "inject": "hang", "namespace": namespace });
        mock.ask("POST /faults", &fault.to_string()).status
    };

    assert_eq!([post("w1"), post("w2"), post("w1")], [201, 201, 422]);
}
