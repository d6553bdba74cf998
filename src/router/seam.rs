//! Where a deliberately broken router differs from the real one.
//!
//! A harness that finds nothing proves something only if it would have found what is there. So some places of the router, each
//! where a plausible defect would break a promise, have a second, wrong form: `seam!(Defect, right, wrong)`. A build that ships
//! compiles the right form alone. With the feature `zoo`, which only the package in `tests/zoo` enables, one defect can be switched
//! on for a thread; that package has what each of them breaks.

/// `right`, or with [`Defect`] switched on in the zoo, `wrong`; `seam!(Defect: wrong)` where the right form is to do nothing.
#[cfg(not(feature = "zoo"))]
macro_rules! seam {
    ($defect:ident: $wrong:expr) => {};
    ($defect:ident, $right:expr, $wrong:expr $(,)?) => {
        $right
    };
}

/// `right`, or with [`Defect`] switched on in the zoo, `wrong`; `seam!(Defect: wrong)` where the right form is to do nothing.
#[cfg(feature = "zoo")]
macro_rules! seam {
    ($defect:ident: $wrong:expr) => {
        if $crate::router::seam::is($crate::router::seam::Defect::$defect) {
            $wrong;
        }
    };
    ($defect:ident, $right:expr, $wrong:expr $(,)?) => {
        if $crate::router::seam::is($crate::router::seam::Defect::$defect) { $wrong } else { $right }
    };
}

pub(crate) use seam;

#[cfg(feature = "zoo")]
mod defects;

#[cfg(feature = "zoo")]
mod zoo {
    use std::cell::Cell;

    use super::Defect;

    thread_local! {
        /// A simulated run keeps to one thread, so two of them side by side can have different defects.
        static DEFECT: Cell<Option<Defect>> = const { Cell::new(None) };
    }

    /// Whether `defect` is switched on here.
    pub(crate) fn is(defect: Defect) -> bool {
        DEFECT.get() == Some(defect)
    }

    /// Does something while `defect` is switched on, for this thread alone.
    pub fn with<T>(defect: Option<Defect>, act: impl FnOnce() -> T) -> T {
        struct Restore(Option<Defect>);
        impl Drop for Restore {
            fn drop(&mut self) {
                DEFECT.set(self.0);
            }
        }
        let _restore = Restore(DEFECT.replace(defect));
        act()
    }
}

#[cfg(feature = "zoo")]
pub use defects::Defect;
#[cfg(feature = "zoo")]
pub(crate) use zoo::is;
#[cfg(feature = "zoo")]
pub use zoo::with;
