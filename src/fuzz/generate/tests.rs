use super::*;

#[test]
fn no_generated_world_has_problems() {
    // `world` refuses one that has any.
    let worlds = (0..300).map(|number| world(&Given::default(), 1, number));
    assert!(worlds.map(|world| world.requests()).all(|requests| requests > 0));
}

#[test]
fn a_world_is_the_same_for_ever() {
    let text = |seed, number| world(&Given::default(), seed, number).doc.yaml();
    assert_eq!(text(3, 17), text(3, 17));
    assert_ne!(text(3, 17), text(3, 18));
    assert_ne!(text(3, 17), text(4, 17));
}
